import { pbkdf2Phc } from '../../../passwords/verifiers/pbkdf2.verifier.cjs';
import { jsonIn, textOf } from '../column.js';
import { fieldAt, roleAmong, type Preset } from '../preset.js';
import { Refusal, type Fields } from '../row.js';
import { base32 } from '../../../two-factor/totp.js';
import { checkTotp } from '../totp-secret.js';

/** A realm export (`kc.sh export`): its accounts with their credentials. */
export const keycloak: Preset = {
  format: { document: 'users' },
  columns: {
    email: 'email',
    password_hash: passwordHash,
    role: ({ realmRoles }, keys) => roleAmong(realmRoles, keys),
    created_at: 'createdTimestamp',
    disabled: ({ enabled }) => enabled === false,
    verified: 'emailVerified',
    two_factor_secret: totpSecret,
  },
};

/** A credential's two parts: each an object, or JSON in text. */
function credentialOf({ credentials }: Fields, type: string): Fields | undefined {
  if (!Array.isArray(credentials)) return undefined;
  const found = (credentials as unknown[]).find((each) => fieldAt(each, 'type') === type);
  const part = (name: string): object => {
    const value = fieldAt(found, name);
    return (typeof value === 'string' ? jsonIn(value, 'password_hash') : value) as object;
  };
  return found === undefined ? undefined : { ...part('credentialData'), ...part('secretData') };
}

function passwordHash(row: Fields): string | undefined {
  const credential = credentialOf(row, 'password');
  if (!credential) return undefined;
  const { algorithm, hashIterations, salt, value } = credential;
  if (typeof salt !== 'string' || typeof value !== 'string') throw new Refusal('its password has no hash');
  if (algorithm === 'argon2') return argon2Phc(credential, salt, value);
  const digest = /^pbkdf2(?:-(sha256|sha512))?$/.exec(textOf(algorithm, 'password_hash') ?? '');
  if (!digest) throw new Refusal('its password is hashed by an algorithm that is not taken');
  return pbkdf2Phc({
    digest: (digest[1] ?? 'sha1') as 'sha1' | 'sha256' | 'sha512',
    iterations: Number(textOf(hashIterations, 'password_hash')),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(value, 'base64'),
  });
}

/** Keycloak 25 and newer; its additional parameters are lists of one text each. */
function argon2Phc(credential: Fields, salt: string, value: string): string {
  const parameter = (name: string, fallback: string) => {
    const text = fieldAt(credential, `additionalParameters.${name}.0`);
    return typeof text === 'string' ? text : fallback;
  };
  const version = parameter('version', '1.3') === '1.3' ? 19 : 16;
  const cost = `m=${parameter('memory', '7168')},t=${textOf(credential['hashIterations'], 'password_hash')},p=${parameter('parallelism', '1')}`;
  return `$argon2${parameter('type', 'id')}$v=${version}$${cost}$${unpadded(salt)}$${unpadded(value)}`;
}

const unpadded = (base64: string): string => base64.replace(/=+$/, '');

/** The text of a secret is the key itself, unless it says that it is base32. */
function totpSecret(row: Fields): string | undefined {
  const credential = credentialOf(row, 'otp');
  if (!credential) return undefined;
  const { subType, digits, period, algorithm, secretEncoding, value } = credential;
  if (subType !== 'totp' || typeof value !== 'string') throw new Refusal('its authenticator is none of TOTP');
  checkTotp({ digits, period, algorithm });
  return secretEncoding === 'BASE32' ? value : base32(Buffer.from(value));
}

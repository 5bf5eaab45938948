import { join } from 'node:path';
import type { Config, ParsedConfig } from '../../platform/config/config.schema.js';
import { ConfigError } from '../../platform/config/config.schema.js';
import { PROGRAM } from '../../platform/package.js';
import { loadKeys, signingKey, type RingKey } from '../../sessions/key-ring.js';
import { findingsOf, type Finding } from './finding.js';

const keys = findingsOf('signing keys');
const encryption = findingsOf('encryption key');
const tokens = findingsOf('token size');

const DAY_MS = 86_400_000;
const ROTATE_AFTER_DAYS = 365;
/** A header of 1 KB fits wherever tokens travel. */
const TOKEN_LIMIT = 1_024;
/** Random text of 32 characters has more than this many different ones; text that somebody thought of rarely. */
const FEW_CHARACTERS = 14;

/** The keys: how old, how strong, and what is left over of those before them; and how long a token can get. */
export function checkKeys(config: ParsedConfig, now: number): Finding[] {
  const given = config.jwtAlgorithm === 'HS256' ? config.jwtSecret : config.jwtPrivateKey;
  const signingKeysFile = given === undefined ? join(config.dataDir, 'signing-keys.json') : undefined;
  const complete: Config = {
    ...config,
    signingKeysFile,
    encryptionKey: config.encryptionKey ?? '',
    generatedFiles: [],
  };
  let ring: RingKey[];
  try {
    ring = loadKeys(complete);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [keys.fail(error.message, 'put the file back from a backup: docs/signing-keys.md')];
  }
  const key = signingKey(ring, now);
  return [
    key ? age(key, ring.length, now) : keys.warn('none yet', 'the first start makes one'),
    ...weak('JWT_SECRET', config.jwtSecret),
    ...weak('ENCRYPTION_KEY', config.encryptionKey),
    leftOver(config),
    tokenSize(config),
  ];
}

function age({ algorithm, signsFrom }: RingKey, count: number, now: number): Finding {
  const others = count > 1 ? `, ${count - 1} more that verify or come next` : '';
  if (!Number.isFinite(signsFrom) || signsFrom === 0)
    return keys.ok(`${algorithm}, of unknown age${others}; rotate once a year: docs/signing-keys.md`);
  const days = Math.floor((now - signsFrom) / DAY_MS);
  const found = `${algorithm}, ${days} days old${others}`;
  return days > ROTATE_AFTER_DAYS ? keys.warn(found, `${PROGRAM} keys rotate`) : keys.ok(found);
}

function weak(name: string, secret: string | undefined): Finding[] {
  if (secret === undefined || new Set(secret).size > FEW_CHARACTERS) return [];
  return [
    findingsOf('key strength').warn(
      `${name} has few different characters`,
      'make a random one: openssl rand -base64 48',
    ),
  ];
}

function leftOver({ encryptionPreviousKeys }: ParsedConfig): Finding {
  return encryptionPreviousKeys.length > 0
    ? encryption.warn(
        `${encryptionPreviousKeys.length} in ENCRYPTION_PREVIOUS_KEYS`,
        `run: ${PROGRAM} keys reencrypt; then take them out`,
      )
    : encryption.ok('one');
}

/** Of an account with the longest e-mail, role and numbers that can be stored. */
function tokenSize({ jwtIssuer: iss, jwtAudience: aud, jwtAlgorithm }: ParsedConfig): Finding {
  const claims = {
    sub: 'A'.repeat(10),
    email: 'a'.repeat(254),
    role: 'a'.repeat(32),
    sid: 'A'.repeat(31),
    jti: 'A'.repeat(22),
    iss,
    aud,
    iat: 9_999_999_999,
    exp: 9_999_999_999,
  };
  const header = { alg: jwtAlgorithm, typ: 'JWT', kid: 'A'.repeat(43) };
  const segments = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const length = `${segments.join('.')}.`.length + (jwtAlgorithm === 'ES256' ? 86 : 43);
  const found = `${length} bytes at the most`;
  return length < TOKEN_LIMIT
    ? tokens.ok(found)
    : tokens.warn(found, 'shorten JWT_ISSUER and JWT_AUDIENCE: a token travels in a header');
}

import { createHash, timingSafeEqual } from 'node:crypto';
import { bytesOf } from './base64.cjs';
import type { Verifier } from './verifier.cjs';

const digestBytes = { md5: 16, sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;
export type DigestName = keyof typeof digestBytes;

/** A password's digest, taken once: too fast to be left at rest. */
export interface FastHash {
  kind: string;
  name: DigestName;
  /** What is hashed before the password, and behind it. */
  before: Buffer;
  behind: Buffer;
  digest: Buffer;
}

export const digestOf = (
  password: Buffer,
  { name, before, behind }: Omit<FastHash, 'kind' | 'digest'>,
): Buffer => createHash(name).update(before).update(password).update(behind).digest();

const NOTHING = Buffer.alloc(0);
const bare = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$/i;
/** Its salt in ASCII, or wrapped it would be longer than what can be stored. */
const django = /^(md5|sha1|sha256|sha512)\$([ -#%-~]{0,86})\$([0-9a-f]+)$/i;
const ldap = /^\{(S?)(MD5|SHA|SHA256|SHA384|SHA512)\}([A-Za-z0-9+/]{22,172}={0,2})$/i;

/** The parts of a fast hash: hex alone, `name$salt$hex` with the salt before (Django), LDAP's `{SSHA}` with the salt behind. */
export function readFastHash(stored: string): FastHash | undefined {
  return readBare(stored) ?? readDjango(stored) ?? readLdap(stored);
}

function readBare(stored: string): FastHash | undefined {
  if (!bare.test(stored)) return undefined;
  const digest = Buffer.from(stored, 'hex');
  const name = (Object.keys(digestBytes) as DigestName[]).find((each) => digestBytes[each] === digest.length);
  return name && { kind: name, name, before: NOTHING, behind: NOTHING, digest };
}

function readDjango(stored: string): FastHash | undefined {
  const [, given, salt, hex] = django.exec(stored) ?? [];
  if (given === undefined || salt === undefined || hex === undefined) return undefined;
  const name = given.toLowerCase() as DigestName;
  const digest = Buffer.from(hex, 'hex');
  if (hex.length !== 2 * digestBytes[name]) return undefined;
  return { kind: `${name}-salted`, name, before: Buffer.from(salt), behind: NOTHING, digest };
}

function readLdap(stored: string): FastHash | undefined {
  const [, salted, scheme = '', text] = ldap.exec(stored) ?? [];
  if (text === undefined) return undefined;
  const name = scheme.toLowerCase().replace(/^sha$/, 'sha1') as DigestName;
  const bytes = bytesOf(text);
  const length = digestBytes[name];
  if (salted ? bytes.length <= length : bytes.length !== length) return undefined;
  return {
    kind: `ldap-${salted ? 's' : ''}${scheme}`.toLowerCase(),
    name,
    before: NOTHING,
    behind: bytes.subarray(length),
    digest: bytes.subarray(0, length),
  };
}

/** Whether hashes of that kind are fast ones, which `PasswordsService.wrap` puts bcrypt over. */
export const isWrappable = (kind: string): boolean =>
  /^(?:(?:md5|sha1|sha256|sha512)(?:-salted)?|ldap-s?(?:md5|sha\d*))$/.test(kind);

/** MD5 and SHA of one round, salted or not. */
export const readDigest: Verifier = (stored) => {
  const fast = readFastHash(stored);
  return (
    fast && { kind: fast.kind, verify: (password) => timingSafeEqual(digestOf(password, fast), fast.digest) }
  );
};

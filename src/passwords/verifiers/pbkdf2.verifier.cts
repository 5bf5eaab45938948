import { pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { bytesOf, unpadded } from './base64.cjs';
import { outOfBounds, type Verifier } from './verifier.cjs';

const digestBytes = { sha1: 20, sha256: 32, sha512: 64 } as const;
type Digest = keyof typeof digestBytes;

/** Iterations times the blocks of the digest that the key takes. */
const MAX_WORK = 2_000_000;

/** What Keycloak and others keep in fields of their own. */
export interface Pbkdf2Hash {
  digest: Digest;
  iterations: number;
  salt: Buffer;
  hash: Buffer;
}

/** The PHC string of it. */
export const pbkdf2Phc = ({ digest, iterations, salt, hash }: Pbkdf2Hash): string =>
  `$pbkdf2-${digest}$i=${iterations}$${unpadded(salt)}$${unpadded(hash)}`;

const phc =
  /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d{1,10})(?:,l=\d{1,3})?\$([A-Za-z0-9+/.]{0,86})\$([A-Za-z0-9+/.]{22,172})$/;
const django = /^pbkdf2_(sha1|sha256|sha512)\$(\d{1,10})\$([^$]{0,86})\$([A-Za-z0-9+/]{22,172}={0,2})$/;

/** PBKDF2 (RFC 8018) as a PHC string, in passlib's form, `$pbkdf2-sha256$iterations$salt$hash`, and in Django's. */
export const readPbkdf2: Verifier = (stored) => {
  const isDjango = stored.startsWith('pbkdf2_');
  const found = (isDjango ? django : phc).exec(stored);
  if (!found) return undefined;
  const [, digest = 'sha1', iterations, saltText = '', hashText = ''] = found;
  const hash = bytesOf(hashText);
  const blocks = Math.ceil(hash.length / digestBytes[digest as Digest]);
  const salt = isDjango ? Buffer.from(saltText) : bytesOf(saltText);
  const rounds = Number(iterations);
  const figures = { 'iterations times blocks': [rounds * blocks, 1, MAX_WORK] } as const;
  return (
    outOfBounds(figures) ?? {
      kind: `pbkdf2-${digest}${isDjango ? '-django' : ''}`,
      verify: (password) => timingSafeEqual(pbkdf2Sync(password, salt, rounds, hash.length, digest), hash),
    }
  );
};

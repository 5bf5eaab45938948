import { scryptSync, timingSafeEqual } from 'node:crypto';
import { bytesOf } from './base64.cjs';
import { outOfBounds, type Refusal, type Verifier } from './verifier.cjs';

/** The cost of scrypt (RFC 7914). */
export interface ScryptCost {
  /** CPU and memory: a power of two. */
  N: number;
  /** Block size. */
  r: number;
  /** Parallelism. */
  p: number;
}

/** N × r: 128 MiB. */
const MAX_MEMORY = 2 ** 20;
const MAX_WORK = 2 ** 21;

export const scryptOutOfBounds = ({ N, r, p }: ScryptCost): Refusal | undefined =>
  outOfBounds({
    // N is less than 2^(128 × r / 8): RFC 7914 §2.
    'log2 of N': [Math.log2(N), 1, Math.min(16 * r - 1, 20)],
    'block size (r)': [r, 1, 64],
    'parallelism (p)': [p, 1, 64],
    'N × r': [N * r, 2, MAX_MEMORY],
    'N × r × p': [N * r * p, 2, MAX_WORK],
  });

export const scrypt = (password: Buffer, salt: Buffer, length: number, cost: ScryptCost): Buffer =>
  scryptSync(password, salt, length, { ...cost, maxmem: 256 * (cost.N + cost.p) * cost.r });

const phc =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,4}),p=(\d{1,4})\$([A-Za-z0-9+/.]{0,86})\$([A-Za-z0-9+/.]{22,86})$/;
const django = /^scrypt\$(\d{1,10})\$([^$]{0,86})\$(\d{1,4})\$(\d{1,4})\$([A-Za-z0-9+/]{22,86}={0,2})$/;

/** scrypt as a PHC string, `$scrypt$ln=…,r=…,p=…$salt$hash`, and in Django's form, `scrypt$N$salt$r$p$hash`. */
export const readScrypt: Verifier = (stored) => {
  const [, ln, r, p, salt, hash] = phc.exec(stored) ?? [];
  if (hash !== undefined) return reading({ N: 2 ** Number(ln), r, p }, bytesOf(salt ?? ''), bytesOf(hash));
  const own = django.exec(stored);
  if (!own) return undefined;
  const N = Number(own[1]);
  if (!Number.isInteger(Math.log2(N))) return { refusal: "The hash's N must be a power of two." };
  return reading({ N, r: own[3], p: own[4] }, Buffer.from(own[2] ?? ''), bytesOf(own[5] ?? ''));
};

function reading(
  { N, r, p }: { N: number; r: string | undefined; p: string | undefined },
  salt: Buffer,
  hash: Buffer,
): ReturnType<Verifier> {
  const cost = { N, r: Number(r), p: Number(p) };
  return (
    scryptOutOfBounds(cost) ?? {
      kind: 'scrypt',
      verify: (password) => timingSafeEqual(scrypt(password, salt, hash.length, cost), hash),
    }
  );
}

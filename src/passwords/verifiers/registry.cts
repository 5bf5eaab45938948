import { readArgon2 } from './argon2.verifier.cjs';
import { readBcrypt } from './bcrypt.verifier.cjs';
import { readDigest } from './digest.verifier.cjs';
import { readFirebaseScrypt } from './firebase-scrypt.verifier.cjs';
import { readPbkdf2 } from './pbkdf2.verifier.cjs';
import { readPhpass } from './phpass.verifier.cjs';
import { readScrypt } from './scrypt.verifier.cjs';
import { readMd5Crypt } from './md5-crypt.verifier.cjs';
import { readShaCrypt } from './sha-crypt.verifier.cjs';
import type { ReadableHash, Refusal, Verifier } from './verifier.cjs';
import { readWrapped } from './wrapped.verifier.cjs';

/** What fits the column. */
const MAX_CHARACTERS = 255;

const verifiers: readonly Verifier[] = [
  readBcrypt,
  readArgon2,
  readScrypt,
  readFirebaseScrypt,
  readPbkdf2,
  readPhpass,
  readShaCrypt,
  readMd5Crypt,
  readWrapped,
  readDigest,
];

/** Understands a stored hash by its form, or says why it is never verified. Never throws; computes nothing. */
export function readHash(stored: string): ReadableHash | Refusal {
  if (stored.length > MAX_CHARACTERS)
    return { refusal: `The hash must be at most ${MAX_CHARACTERS} characters.` };
  for (const read of verifiers) {
    const reading = read(stored);
    if (reading) return reading;
  }
  return { refusal: 'The hash has none of the forms that are known.' };
}

/** The stable name of a stored hash's kind, or the sentence that says why nobody could log in by it. Never repeats the hash. */
export function inspectHash(stored: string): { kind: string } | { refusal: string } {
  const reading = readHash(stored);
  return 'refusal' in reading ? reading : { kind: reading.kind };
}

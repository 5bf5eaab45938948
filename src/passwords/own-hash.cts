import { hashSync as argon2 } from '@node-rs/argon2';
import bcrypt from 'bcrypt';
import type { ReadableHash } from './verifiers/verifier.cjs';

/** What new hashes are: settings, in their names. */
export interface OwnHash {
  passwordHash: 'bcrypt' | 'argon2id';
  bcryptCost: number;
}

/** How our own hashes are made. Work is counted in units of the scheme's own. Everything blocks this thread. */
export interface HashScheme {
  /** For people. */
  readonly name: string;
  /** What one hash takes. */
  readonly work: number;
  /** As little of it as still tells how fast this thread is. */
  readonly sample: number;
  hash(password: string): string;
  /** Whether a stored hash is as `hash` makes them. */
  isCurrent(stored: string): boolean;
  /** What verifying a stored hash takes; undefined where only measuring can tell. */
  workOf(stored: string, reading: ReadableHash): number | undefined;
  /** Works on `password` to no end, for about so much; says how much it was. */
  spend(password: string, work: number): number;
}

export const schemeOf = ({ passwordHash, bcryptCost }: OwnHash): HashScheme =>
  passwordHash === 'bcrypt' ? bcryptScheme(bcryptCost) : argon2id;

const ANY_SALT = '.'.repeat(22);
const CHEAPEST = 4;

/** In rounds. */
const bcryptScheme = (cost: number): HashScheme => ({
  name: `bcrypt, cost ${cost}`,
  work: 2 ** cost,
  sample: 2 ** Math.max(cost - 5, CHEAPEST),
  hash: (password) => bcrypt.hashSync(password, cost),
  isCurrent: (stored) => /^\$2[ab]\$/.test(stored) && Number(stored.slice(4, 6)) === cost,
  workOf: (_, { bcryptCost }) => (bcryptCost === undefined ? undefined : 2 ** bcryptCost),
  spend: (password, work) => {
    let spent = 0;
    for (let log2 = cost; log2 >= CHEAPEST; log2 -= 1) {
      if (work - spent < 2 ** log2) continue;
      bcrypt.hashSync(password, `$2b$${String(log2).padStart(2, '0')}$${ANY_SALT}`);
      spent += 2 ** log2;
    }
    return spent;
  },
});

/** OWASP's first choice of memory, passes and lanes (Password Storage Cheat Sheet, "Argon2id"). */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const PREFIX = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}$`;
const LEAST_KIB = 8 * COST.parallelism;

/** In KiB, each filled twice. */
const argon2id: HashScheme = {
  name: 'argon2id, 19 MiB, t = 2, p = 1',
  work: COST.memoryCost,
  // Less would stay in the processor's cache, and say that it is faster than it is.
  sample: COST.memoryCost / 4,
  hash: (password) => argon2(password, COST),
  isCurrent: (stored) => stored.startsWith(PREFIX),
  workOf: (stored) => (stored.startsWith(PREFIX) ? COST.memoryCost : undefined),
  spend: (password, work) => {
    const memoryCost = Math.floor(work);
    if (memoryCost < LEAST_KIB) return 0;
    argon2(password, { ...COST, memoryCost, salt: Buffer.alloc(16) });
    return memoryCost;
  },
};

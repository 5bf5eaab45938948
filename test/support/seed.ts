import { randomInt } from 'node:crypto';

/** What the random tests start from: `TEST_SEED` runs the same again. */
export const seed = Number(process.env['TEST_SEED'] ?? randomInt(2 ** 31));

/** Says which seed `name` runs on. */
export function announceSeed(name: string): number {
  process.stderr.write(`${name}: TEST_SEED=${seed}\n`);
  return seed;
}

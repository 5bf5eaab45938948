import { describe, expect, it } from '@jest/globals';
import worker from '../../src/passwords/hash.worker.cjs';
import { inspectHash, readHash } from '../../src/passwords/verifiers/registry.cjs';
import { rounds } from '../support/scope.js';

const A = (count: number) => 'A'.repeat(count);
/** The dearest that is accepted, and the next one. */
const bounds: [what: string, dearest: string, beyond: string][] = [
  ['bcrypt', `$2b$15$${A(53)}`, `$2b$16$${A(53)}`],
  ['wrapped', `$wrapped$md5$$$2b$15$${A(53)}`, `$wrapped$md5$$$2b$16$${A(53)}`],
  [
    'argon2id by memory',
    `$argon2id$v=19$m=262144,t=4,p=1$${A(22)}$${A(43)}`,
    `$argon2id$v=19$m=262145,t=1,p=1$${A(22)}$${A(43)}`,
  ],
  [
    'argon2id by work',
    `$argon2id$v=19$m=1024,t=1024,p=16$${A(22)}$${A(43)}`,
    `$argon2id$v=19$m=1032,t=1024,p=16$${A(22)}$${A(43)}`,
  ],
  ['scrypt by memory', `$scrypt$ln=17,r=8,p=2$${A(22)}$${A(43)}`, `$scrypt$ln=17,r=9,p=1$${A(22)}$${A(43)}`],
  ['scrypt by work', `scrypt$32768$salt$1$64$${A(86)}==`, `scrypt$65536$salt$1$64$${A(86)}==`],
  [
    'firebase-scrypt',
    `$firebase-scrypt$ln=17,r=8,p=1$${A(22)}$${A(86)}`,
    `$firebase-scrypt$ln=18,r=8,p=1$${A(22)}$${A(86)}`,
  ],
  ['pbkdf2', `$pbkdf2-sha512$i=2000000$${A(22)}$${A(86)}`, `$pbkdf2-sha512$i=2000001$${A(22)}$${A(86)}`],
  ['pbkdf2 by blocks', `pbkdf2_sha1$500000$salt$${A(106)}==`, `pbkdf2_sha1$500001$salt$${A(106)}==`],
  ['phpass', `$P$G${A(30)}`, `$P$H${A(30)}`],
  ['crypt-sha256', `$5$rounds=1000000$${A(16)}$${A(43)}`, `$5$rounds=1000001$${A(16)}$${A(43)}`],
  ['crypt-sha512', `$6$rounds=1000000$${A(16)}$${A(86)}`, `$6$rounds=1000001$${A(16)}$${A(86)}`],
];
/** Of processor time, and with much to spare: two seconds where they were measured. */
const DEAREST_MS = 10_000;

const own = { passwordHash: 'bcrypt', bcryptCost: 4 } as const;

describe('a hash that is too dear', () => {
  it.each(bounds)('of %s is refused, and what is just as dear as may be is not', (_, dearest, beyond) => {
    expect(inspectHash(beyond)).toEqual({
      refusal: expect.stringMatching(/^The hash's .+ must be from \d+ to \d+\.$/),
    });
    expect(inspectHash(dearest)).toHaveProperty('kind');
  });

  it.each(bounds.slice(-rounds(2, bounds.length)))(
    'of %s: the dearest that is accepted can be waited for',
    (_, dearest) => {
      const reading = readHash(dearest);
      if ('refusal' in reading) throw new Error(reading.refusal);
      const before = process.cpuUsage();
      expect(reading.verify(Buffer.from('x'.repeat(256)))).toBe(false);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1_000).toBeLessThan(DEAREST_MS);
    },
  );

  it('costs no more at a login than a hash of ours', () => {
    for (const [, , beyond] of bounds) {
      const began = performance.now();
      expect(worker.default({ kind: 'verify', password: 'x', hash: beyond, own })).toBe(false);
      expect(performance.now() - began).toBeLessThan(500);
    }
  });
});

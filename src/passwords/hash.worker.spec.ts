import bcrypt from 'bcrypt';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import worker from './hash.worker.cjs';
import { schemeOf, type OwnHash } from './own-hash.cjs';

afterEach(() => {
  jest.restoreAllMocks();
});

const cost10: OwnHash = { passwordHash: 'bcrypt', bcryptCost: 10 };
const argon2id: OwnHash = { passwordHash: 'argon2id', bcryptCost: 10 };
const SHA1 = 'a9993e364706816aba3e25717850c26c9cd0d89d';
const OURS =
  '$argon2id$v=19$m=19456,t=2,p=1$YTlPWHAyZmIvODhJTHgydg$RsfXil35NIhhEr+T7wMHfJxqnWsYladeP8KXZE8VoLE';

/** The costs of what bcrypt computes for a wrong password. */
function costsOf(hash: string | null, own: OwnHash, password = 'wrong'): number[] {
  const costs: number[] = [];
  const keep = (salt: string) => costs.push(Number(salt.slice(4, 6)));
  jest.spyOn(bcrypt, 'hashSync').mockImplementation((_, salt) => {
    keep(String(salt));
    return '';
  });
  jest.spyOn(bcrypt, 'compareSync').mockImplementation((_, stored) => {
    keep(stored);
    return false;
  });
  expect(worker.default({ kind: 'verify', password, hash, own })).toBe(false);
  return costs;
}

/** Lets the clock show these, one after the other. */
function timesAre(...instants: number[]): void {
  for (const instant of instants) jest.spyOn(performance, 'now').mockReturnValueOnce(instant);
}

describe('a wrong password', () => {
  it.each<[string, string | null, string, number[]]>([
    ['no hash', null, 'wrong', [10]],
    ['an unreadable hash', 'x', 'wrong', [10]],
    ['a hash of the same cost', `$2b$10$${'A'.repeat(53)}`, 'wrong', [10]],
    ['a cheaper hash', `$2y$07$${'A'.repeat(53)}`, 'wrong', [7, 9, 8, 7]],
    ['a dearer hash', `$2b$11$${'A'.repeat(53)}`, 'wrong', [11]],
    ['bcrypt over a fast one', `$wrapped$md5$$$2b$09$${'A'.repeat(53)}`, 'wrong', [9, 9]],
    ['one too long for any hash', SHA1, 'x'.repeat(257), [10]],
  ])('costs 2^10 rounds of bcrypt, or what the hash costs: %s', (_, hash, password, costs) => {
    expect(costsOf(hash, cost10, password)).toEqual(costs);
  });

  it('is topped up by as much as is left of 2^10 rounds, as fast as this thread is', () => {
    // The foreign one took 100 ms; as 2^5 rounds take 10 ms, it was worth 320, which leaves 704.
    timesAre(0, 100, 200, 210, 220, 240, 280, 360, 420);
    expect(costsOf(SHA1, cost10)).toEqual([5, 5, 6, 7, 8, 7, 6]);
  });

  it('is topped up by more where others turn out to slow this thread down, as they did the foreign hash', () => {
    // From the second step on, each takes twice as long: in the end the 100 ms were worth 166.
    timesAre(0, 100, 200, 210, 230, 270, 350, 510, 710);
    expect(costsOf(SHA1, cost10)).toEqual([5, 5, 6, 7, 8, 8, 6, 4]);
  });

  it('is topped up no more where the foreign hash was dearer', () => {
    timesAre(0, 1_000, 1_000, 1_010);
    expect(costsOf(SHA1, cost10)).toEqual([5]);
  });

  it('costs bcrypt nothing where ours is argon2id', () => {
    expect(costsOf(null, argon2id)).toEqual([]);
    expect(costsOf(SHA1, argon2id)).toEqual([]);
  });
});

describe('argon2id of ours', () => {
  const scheme = schemeOf(argon2id);

  it('is what the setting says, and recognised', () => {
    const hash = worker.default({ kind: 'hash', password: 'right', own: argon2id }) as string;
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(worker.default({ kind: 'verify', password: 'right', hash, own: argon2id })).toBe(true);
    expect(
      [hash, OURS, OURS.replace('m=19456', 'm=19457'), OURS.replace('t=2', 't=1')].map((each) =>
        scheme.isCurrent(each),
      ),
    ).toEqual([true, true, false, false]);
  });

  it('spends what is left of it, but for crumbs', () => {
    expect([19_456, 10_000.7, 8, 7.9, 0, -5].map((work) => scheme.spend('x', work))).toEqual([
      19_456, 10_000, 8, 0, 0, 0,
    ]);
  });
});

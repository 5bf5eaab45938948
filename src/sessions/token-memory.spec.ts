import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { TokenMemory } from './token-memory.js';

/** Its claims: how long the token is, and how often they were read. */
function newMemory() {
  let reads = 0;
  return new TokenMemory((read) => ({ length: read.length, reads: (reads += 1) }));
}
const has = (memory: ReturnType<typeof newMemory>, asked: string) => memory.recall(asked) !== undefined;
const token = (length = 400) => randomBytes(length).toString('base64url').slice(0, length);

describe('TokenMemory', () => {
  it('knows a token that was added, to the last character', () => {
    const memory = newMemory();
    const added = token();
    expect([has(memory, added), has(memory, '')]).toEqual([false, false]);
    memory.add(added);
    expect(has(memory, added)).toBe(true);
    for (let at = 0; at < added.length; at += 1) {
      const other = added[at] === 'A' ? 'B' : 'A';
      expect(has(memory, added.slice(0, at) + other + added.slice(at + 1))).toBe(false);
    }
    expect(has(memory, `A${added}`)).toBe(false);
    expect(has(memory, added.slice(1))).toBe(false);
    // The same bytes, if only the lower eight bits of a character were kept.
    expect(has(memory, `${String.fromCharCode(added.charCodeAt(0) + 256)}${added.slice(1)}`)).toBe(false);
  });

  it('remembers the newer of two whose last characters are the same', () => {
    const memory = newMemory();
    const [older, newer] = [token(), token()].map((each) => each.slice(0, -20) + 'twenty-characters-to') as [
      string,
      string,
    ];
    memory.add(older);
    memory.add(newer);
    expect([has(memory, older), has(memory, newer)]).toEqual([false, true]);
    // Nor is anything of a longer one left behind a shorter.
    const shorter = newer.slice(40);
    memory.add(shorter);
    expect([has(memory, newer), has(memory, shorter)]).toEqual([false, true]);
  });

  it('keeps most of as many as thousands of clients use, and none that is too long', () => {
    const memory = newMemory();
    const added = Array.from({ length: 2_000 }, () => token());
    for (const each of added) memory.add(each);
    expect(added.filter((each) => has(memory, each)).length).toBeGreaterThan(1_800);
    const long = token(1_025);
    memory.add(long);
    expect(has(memory, long)).toBe(false);
  });

  it('reads the claims anew only once, and those of the token that it holds', () => {
    const memory = newMemory();
    const [first, second] = [token(), token().slice(0, 300)].map(
      (each) => each.slice(0, -20) + 'twenty-characters-to',
    ) as [string, string];
    memory.add(first);
    const reads = [1, 2, 3].map(() => memory.recall(first)?.reads);
    expect(reads).toEqual([1, 2, 2]);
    memory.add(second);
    expect(memory.recall(second)).toEqual({ length: second.length, reads: 3 });
  });
});

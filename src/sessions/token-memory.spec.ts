import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { TokenMemory } from './token-memory.js';

const token = (length = 400) => randomBytes(length).toString('base64url').slice(0, length);

describe('TokenMemory', () => {
  it('knows a token that was added, to the last character', () => {
    const memory = new TokenMemory();
    const added = token();
    expect([memory.has(added), memory.has('')]).toEqual([false, false]);
    memory.add(added);
    expect(memory.has(added)).toBe(true);
    for (let at = 0; at < added.length; at += 1) {
      const other = added[at] === 'A' ? 'B' : 'A';
      expect(memory.has(added.slice(0, at) + other + added.slice(at + 1))).toBe(false);
    }
    expect(memory.has(`A${added}`)).toBe(false);
    expect(memory.has(added.slice(1))).toBe(false);
    // The same bytes, if only the lower eight bits of a character were kept.
    expect(memory.has(`${String.fromCharCode(added.charCodeAt(0) + 256)}${added.slice(1)}`)).toBe(false);
  });

  it('remembers the newer of two whose last characters are the same', () => {
    const memory = new TokenMemory();
    const [older, newer] = [token(), token()].map((each) => each.slice(0, -20) + 'twenty-characters-to') as [
      string,
      string,
    ];
    memory.add(older);
    memory.add(newer);
    expect([memory.has(older), memory.has(newer)]).toEqual([false, true]);
    // Nor is anything of a longer one left behind a shorter.
    const shorter = newer.slice(40);
    memory.add(shorter);
    expect([memory.has(newer), memory.has(shorter)]).toEqual([false, true]);
  });

  it('keeps most of as many as thousands of clients use, and none that is too long', () => {
    const memory = new TokenMemory();
    const added = Array.from({ length: 2_000 }, () => token());
    for (const each of added) memory.add(each);
    expect(added.filter((each) => memory.has(each)).length).toBeGreaterThan(1_800);
    const long = token(1_025);
    memory.add(long);
    expect(memory.has(long)).toBe(false);
  });
});

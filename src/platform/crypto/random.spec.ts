import { describe, expect, it } from '@jest/globals';
import { randomHex, randomString, randomToken } from './random.js';

describe('random texts', () => {
  it('are never the same twice, also where one page of bytes ends and the next begins', () => {
    const tokens = Array.from({ length: 10_000 }, (_, i) => (i % 3 === 0 ? randomHex(16) : randomToken()));
    expect(new Set(tokens).size).toBe(tokens.length);
  });

  it('have 128 bits in 22 characters of base64url, or two digits a byte, each as likely as another', () => {
    const tokens = Array.from({ length: 20_000 }, () => randomToken());
    for (const token of tokens) expect(token).toMatch(/^[\w-]{22}$/);
    expect(randomHex(4)).toMatch(/^[0-9a-f]{8}$/);
    // The first of them: 64 characters, 312 of each to be expected.
    const counts = new Map<string, number>();
    for (const [first = ''] of tokens) counts.set(first, (counts.get(first) ?? 0) + 1);
    expect(counts.size).toBe(64);
    for (const count of counts.values()) expect(Math.abs(count - 312.5)).toBeLessThan(120);
  });

  it('keep to their alphabet, of which each character is as likely as another', () => {
    const counts = new Map<string, number>();
    for (const character of randomString('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', 36_000))
      counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).toBe(36);
    // 1,000 of each to be expected; with the remainder of a byte the first four would have 1,120.
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(200);
    const firsts = ['A', 'B', 'C', 'D'].reduce((sum, character) => sum + (counts.get(character) ?? 0), 0);
    expect(Math.abs(firsts - 4_000)).toBeLessThan(300);
  });
});

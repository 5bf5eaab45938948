import { describe, expect, it } from '@jest/globals';
import { backOff, MAX_ATTEMPTS } from './back-off.js';

describe('the wait after a failed attempt', () => {
  it('doubles from five seconds to an hour', () => {
    expect([1, 2, 3, 10, 11, 19].map((attempt) => backOff(attempt, 1))).toEqual([
      5_000, 10_000, 20_000, 2_560_000, 3_600_000, 3_600_000,
    ]);
  });

  it('is left to chance by half', () => {
    expect([0, 0.5, 1].map((chance) => backOff(1, chance))).toEqual([2_500, 3_750, 5_000]);
  });

  it('adds up to ten hours before a job is given up', () => {
    let hours = 0;
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) hours += backOff(attempt, 1) / 3_600_000;
    expect(Math.round(hours)).toBe(10);
  });
});

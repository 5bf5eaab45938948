/** Some ten hours of trying, all in all: then somebody has to look. */
export const MAX_ATTEMPTS = 20;

const FIRST_MS = 5_000;
const LONGEST_MS = 3_600_000;

/**
 * How long to wait after attempt number `attempt` (from 1) failed, in milliseconds: doubling from 5 s to an hour, half of it
 * by `chance` (0 to 1), so that what failed together does not come back together.
 */
export function backOff(attempt: number, chance: number): number {
  const longest = Math.min(FIRST_MS * 2 ** (attempt - 1), LONGEST_MS);
  return Math.round(longest * (0.5 + chance / 2));
}

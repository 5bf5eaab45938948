import type { TwoFactor } from './two-factor.entity.js';

/** NIST SP 800-63B-4 §3.2.2 asks for a limit on guesses: five wrong codes in a quarter of an hour. */
const MAX_FAILED_CODES = 5;
const WINDOW_MS = 15 * 60_000;

type Budget = Pick<TwoFactor, 'failedCodes' | 'lastFailedAt'>;

/** Whether not even a right code is accepted. `now`: epoch milliseconds. */
export const isSpent = ({ failedCodes, lastFailedAt }: Budget, now: number): boolean =>
  failedCodes >= MAX_FAILED_CODES && now < lastFailedAt + WINDOW_MS;

/**
 * The budget after one more wrong code. Counted from the newest: counted from the first, four late in one window and five early
 * in the next were nine in a minute.
 */
export const afterFailure = ({ failedCodes, lastFailedAt }: Budget, now: number): Budget => ({
  failedCodes: now < lastFailedAt + WINDOW_MS ? failedCodes + 1 : 1,
  lastFailedAt: now,
});

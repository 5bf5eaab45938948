import type { RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '../platform/errors/app.errors.js';
import { attemptsErrors } from './attempts.errors.js';

/** @throws `too_many_attempts` with that reason where there were as many before as there may be */
export async function consume(limiter: RateLimiterAbstract, key: string, reason: string): Promise<void> {
  if (limiter.points === 0) return;
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (refusal instanceof Error) throw refusal;
    throw tooMany(refusal as RateLimiterRes, reason);
  }
}

/** A limit of 0 is none. */
export const isReached = (limit: number, { consumedPoints }: RateLimiterRes): boolean =>
  limit > 0 && consumedPoints >= limit;

/** @throws `too_many_attempts` with that reason from `limit` on */
export function refuseFrom(limit: number, count: RateLimiterRes | null, reason: string): void {
  if (count && isReached(limit, count)) throw tooMany(count, reason);
}

export const tooMany = ({ msBeforeNext }: Pick<RateLimiterRes, 'msBeforeNext'>, reason: string): AppError =>
  new AppError(attemptsErrors.too_many_attempts, {
    reason,
    retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
  });

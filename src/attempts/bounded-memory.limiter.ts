import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Clock } from '../platform/clock/clock.service.js';

/** About 200 bytes each. */
export const MAX_KEYS = 200_000;

interface Count {
  points: number;
  /** Epoch milliseconds. */
  endsAt: number;
}

/** The counts of one process, never more than `MAX_KEYS`: past that, of those that began first the ones that end first are forgotten. */
export class BoundedCounts {
  private readonly counts = new Map<string, Count>();

  constructor(private readonly clock: Clock) {}

  get(key: string): Count | undefined {
    const count = this.counts.get(key);
    return count && count.endsAt > this.clock.now() ? count : undefined;
  }

  add(key: string, points: number, seconds: number): Count {
    const count = this.get(key);
    if (!count) return this.set(key, points, seconds);
    count.points += points;
    return count;
  }

  set(key: string, points: number, seconds: number): Count {
    const count = { points, endsAt: this.clock.now() + seconds * 1000 };
    // Deleted first: the order of the map is that of beginnings.
    this.counts.delete(key);
    this.counts.set(key, count);
    if (this.counts.size > MAX_KEYS) this.makeRoom();
    return count;
  }

  delete(key: string): boolean {
    return this.counts.delete(key);
  }

  /** Deletes a tenth at once, never fewer, or each new key would ask for room again: among the oldest, those that end first. */
  private makeRoom(): void {
    const oldest = [...this.counts].slice(0, MAX_KEYS / 5).sort(([, a], [, b]) => a.endsAt - b.endsAt);
    for (const [key] of oldest.slice(0, MAX_KEYS / 10)) this.counts.delete(key);
  }
}

/**
 * rate-limiter-flexible's memory limiter over `BoundedCounts`: its own storage keeps as many keys as are thrown at it, each with a
 * timer, and asks no clock of ours.
 */
export class BoundedMemoryLimiter extends RateLimiterMemory {
  constructor(
    options: { keyPrefix: string; points: number; duration: number },
    private readonly counts: BoundedCounts,
    private readonly clock: Clock,
  ) {
    super(options);
  }

  override consume(key: string, points = 1): Promise<RateLimiterRes> {
    const result = this.count(key, points);
    // A `RateLimiterRes` is what callers of the library's `consume` catch.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the library's own way to say no
    return result.consumedPoints > this.points ? Promise.reject(result) : Promise.resolve(result);
  }

  override penalty(key: string, points = 1): Promise<RateLimiterRes> {
    return Promise.resolve(this.count(key, points));
  }

  override reward(key: string, points = 1): Promise<RateLimiterRes> {
    return Promise.resolve(this.count(key, -points));
  }

  override get(key: string): Promise<RateLimiterRes | null> {
    const count = this.counts.get(this.getKey(key));
    return Promise.resolve(count ? this.result(count) : null);
  }

  override set(key: string, points: number, seconds: number): Promise<RateLimiterRes> {
    return Promise.resolve(this.result(this.counts.set(this.getKey(key), points, seconds)));
  }

  override block(key: string, seconds: number): Promise<RateLimiterRes> {
    return this.set(key, this.points + 1, seconds);
  }

  override delete(key: string): Promise<boolean> {
    return Promise.resolve(this.counts.delete(this.getKey(key)));
  }

  private count(key: string, points: number): RateLimiterRes {
    return this.result(this.counts.add(this.getKey(key), points, this.duration));
  }

  private result({ points, endsAt }: Count): RateLimiterRes {
    const remaining = Math.max(this.points - points, 0);
    return new RateLimiterRes(remaining, Math.max(endsAt - this.clock.now(), 0), points, false);
  }
}

import { setImmediate } from 'node:timers/promises';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { hashingWait } from './passwords.metrics.js';

/** Whose turn it is about, and whether it is still wanted. */
export interface Turn {
  /** Turns of different keys alternate, however many one of them has waiting. */
  key: string;
  /** Asked when the turn comes; what it throws is the turn's outcome. */
  admit?: () => Promise<unknown>;
  /** Aborted when nobody waits for the outcome any more. */
  signal?: AbortSignal;
}

interface Waiting {
  turn: Turn;
  /** By the monotonic clock. */
  since: number;
  run: () => Promise<void>;
  refuse: (reason: unknown) => void;
  patience?: NodeJS.Timeout;
}

/** A hash takes about this long before one was measured. */
const FIRST_GUESS_MS = 200;

/**
 * Who hashes next. Bounded by time: who would wait longer than `maxWaitMs` is refused at once, as nobody is who comes from an
 * address that has fewer waiting; whom those have kept waiting for so long after all, is refused then.
 */
export class HashingQueue {
  private readonly waiting = new Map<string, Waiting[]>();
  private running = 0;
  private meanMs = FIRST_GUESS_MS;

  constructor(
    private readonly threads: number,
    private readonly maxWaitMs: number,
    /** What a thread is given at once: with the next one at hand it need not wait until the event loop finds time. */
    private readonly turnsOfAThread = 1,
  ) {}

  /** @throws `service_unavailable`, `client_closed_request`, whatever `work` or the turn's `admit` throw */
  run<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
    if (turn.signal?.aborted) return Promise.reject(hungUp());
    const ahead = this.ahead(turn.key);
    const wait = ((this.running - this.threads + 1 + ahead) / this.threads) * this.meanMs;
    if (this.running >= this.threads && wait > this.maxWaitMs) return Promise.reject(overloaded(wait));
    return new Promise<T>((resolve, reject) => {
      const entry: Waiting = {
        turn,
        since: performance.now(),
        run: () => this.measured(turn, work).then(resolve, reject),
        refuse: reject,
      };
      this.enqueue(entry);
      this.dispatch();
    });
  }

  /** How many turns there are. */
  readings(): { running: number; waiting: number } {
    let waiting = 0;
    for (const entries of this.waiting.values()) waiting += entries.length;
    return { running: this.running, waiting };
  }

  /** Asks those that wait whether they still may: who would be refused when the turn comes need not wait for it. */
  reconsider(): void {
    for (const entry of [...this.waiting.values()].flat())
      entry.turn.admit?.().catch((reason: unknown) => this.leave(entry, reason));
  }

  /** How many turns come before a new one of `key`. */
  private ahead(key: string): number {
    const own = this.waiting.get(key)?.length ?? 0;
    let ahead = 0;
    for (const entries of this.waiting.values()) ahead += Math.min(entries.length, own + 1);
    return ahead;
  }

  private enqueue(entry: Waiting): void {
    const { key, signal } = entry.turn;
    const entries = this.waiting.get(key) ?? [];
    entries.push(entry);
    this.waiting.set(key, entries);
    entry.patience = setTimeout(() => this.leave(entry, overloaded(this.maxWaitMs)), this.maxWaitMs);
    signal?.addEventListener('abort', () => this.leave(entry, hungUp()), { once: true });
  }

  private leave(entry: Waiting, reason: unknown): void {
    const entries = this.waiting.get(entry.turn.key) ?? [];
    const at = entries.indexOf(entry);
    if (at === -1) return;
    entries.splice(at, 1);
    if (entries.length === 0) this.waiting.delete(entry.turn.key);
    clearTimeout(entry.patience);
    entry.refuse(reason);
  }

  private dispatch(): void {
    while (this.running < this.threads * this.turnsOfAThread) {
      const next = this.next();
      if (!next) return;
      clearTimeout(next.patience);
      hashingWait.observe((performance.now() - next.since) / 1000);
      this.running += 1;
      void next.run().finally(() => {
        this.running -= 1;
        this.dispatch();
      });
    }
  }

  /** The first of the key whose turn is longest ago. */
  private next(): Waiting | undefined {
    for (const [key, entries] of this.waiting) {
      const entry = entries.shift();
      this.waiting.delete(key);
      if (entries.length > 0) this.waiting.set(key, entries);
      return entry;
    }
    return undefined;
  }

  private async measured<T>({ admit, signal }: Turn, work: () => Promise<T>): Promise<T> {
    if (admit) {
      // A moment later, the outcome that the thread is free after has been counted.
      await setImmediate();
      await admit();
    }
    if (signal?.aborted) throw hungUp();
    const begun = performance.now();
    const turns = Math.max(1, this.running / this.threads);
    const result = await work();
    this.meanMs += ((performance.now() - begun) / turns - this.meanMs) / 8;
    return result;
  }
}

const hungUp = (): AppError => new AppError(httpErrors.client_closed_request, { reason: 'client_hung_up' });

const overloaded = (waitMs: number): AppError =>
  new AppError(httpErrors.service_unavailable, {
    reason: 'hashing_queue_full',
    retryAfterSeconds: Math.ceil(waitMs / 1000),
  });

import { setImmediate } from 'node:timers/promises';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { FairLine } from './fair-line.js';
import { hashingWait } from './passwords.metrics.js';

/** Whose turn it is about, and whether it is still wanted. */
export interface Turn {
  /** Turns of different keys alternate, however many one of them has waiting. */
  key: string;
  /** Turns of this sort alternate with those of the other, however many keys that has. */
  isKnown?: boolean;
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
 * address that has fewer waiting; whom those have kept waiting for so long after all, is refused then. Those who are known have every
 * second turn, from however many addresses strangers come.
 */
export class HashingQueue {
  private readonly known = new FairLine<Waiting>();
  private readonly strange = new FairLine<Waiting>();
  private wasKnown = false;
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
    const ahead = this.ahead(turn);
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
    return { running: this.running, waiting: this.known.size + this.strange.size };
  }

  /** Asks those that wait whether they still may: who would be refused when the turn comes need not wait for it. */
  reconsider(): void {
    for (const entry of [...this.known.all(), ...this.strange.all()])
      entry.turn.admit?.().catch((reason: unknown) => this.leave(entry, reason));
  }

  /** How many turns come before a new one. */
  private ahead({ key, isKnown }: Turn): number {
    const [own, other] = isKnown ? [this.known, this.strange] : [this.strange, this.known];
    const ahead = own.ahead(key);
    return ahead + Math.min(other.size, ahead + 1);
  }

  private lineOf({ isKnown }: Turn): FairLine<Waiting> {
    return isKnown ? this.known : this.strange;
  }

  private enqueue(entry: Waiting): void {
    this.lineOf(entry.turn).add(entry.turn.key, entry);
    entry.patience = setTimeout(() => this.leave(entry, overloaded(this.maxWaitMs)), this.maxWaitMs);
    entry.turn.signal?.addEventListener('abort', () => this.leave(entry, hungUp()), { once: true });
  }

  private leave(entry: Waiting, reason: unknown): void {
    if (!this.lineOf(entry.turn).remove(entry.turn.key, entry)) return;
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

  private next(): Waiting | undefined {
    const entry = this.wasKnown
      ? (this.strange.next() ?? this.known.next())
      : (this.known.next() ?? this.strange.next());
    this.wasKnown = entry?.turn.isKnown === true;
    return entry;
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

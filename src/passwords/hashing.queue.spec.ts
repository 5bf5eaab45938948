import { setImmediate as turnOfLoop, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { AppError } from '../platform/errors/app.errors.js';
import { HashingQueue, type Turn } from './hashing.queue.js';

/** What a hash takes until one was measured, in `HashingQueue`. */
const FIRST_GUESS_MS = 200;
const MAX_WAIT_MS = 10_000;
/** How many of one key, or of a key each, there is room for: in `threads`, and waiting. */
const room = (threads: number) => threads + (MAX_WAIT_MS / FIRST_GUESS_MS) * threads;

/** Work that lasts until it is told to end. */
class Hash {
  isBegun = false;
  isEnded = false;
  readonly work = () => {
    this.isBegun = true;
    return new Promise<string>((resolve, reject) => {
      this.finish = () => {
        this.isEnded = true;
        resolve('done');
      };
      this.fail = reject;
    });
  };
  finish = (): void => {
    throw new Error('not begun');
  };
  fail: (error: Error) => void = this.finish;
}

/** One queue, and what was put into it. */
class Bench {
  readonly hashes: { hash: Hash; key: string }[] = [];
  readonly queue: HashingQueue;

  constructor(threads: number, maxWaitMs = MAX_WAIT_MS) {
    this.queue = new HashingQueue(threads, maxWaitMs);
  }

  /** Puts one more into the queue; its outcome, an error as a value. */
  put(turn: Turn): { hash: Hash; outcome: Promise<unknown> } {
    const hash = new Hash();
    this.hashes.push({ hash, key: turn.key });
    return { hash, outcome: this.queue.run(turn, hash.work).catch((error: unknown) => error) };
  }

  /** Ends everything, one after the other; the keys in the order of their turns, those that run already first. */
  async drain(): Promise<string[]> {
    const order: string[] = [];
    for (;;) {
      await turnOfLoop();
      const next = this.hashes.find(({ hash }) => hash.isBegun && !hash.isEnded);
      if (!next) return order;
      order.push(next.key);
      next.hash.finish();
    }
  }
}

async function expectRefused(outcome: Promise<unknown>, code: string): Promise<AppError> {
  const error = await outcome;
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).definition.code).toBe(code);
  return error as AppError;
}

describe('HashingQueue', () => {
  it('runs as many at once as there are threads, and gives what they give', async () => {
    const bench = new Bench(2);
    const [first, second, third] = ['a', 'b', 'c'].map((key) => bench.put({ key }));
    await turnOfLoop();
    expect(bench.hashes.map(({ hash }) => hash.isBegun)).toEqual([true, true, false]);
    first?.hash.finish();
    expect(await first?.outcome).toBe('done');
    await turnOfLoop();
    expect(third?.hash.isBegun).toBe(true);
    second?.hash.finish();
    third?.hash.finish();
    expect(await third?.outcome).toBe('done');
  });

  it('asks the next for admission when the outcome before it has been counted', async () => {
    const bench = new Bench(1);
    const first = bench.put({ key: 'a' });
    let isCounted = false;
    const counted = first.outcome.then(async () => {
      // As many steps as it takes from a wrong password to its count, and more.
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
      isCounted = true;
    });
    const seen: boolean[] = [];
    void bench.put({ key: 'b', admit: () => Promise.resolve(seen.push(isCounted)) });
    first.hash.finish();
    await counted;
    await bench.drain();
    expect(seen).toEqual([true]);
  });

  it('gives who is known every second turn, from however many keys others come', async () => {
    const bench = new Bench(1);
    for (let i = 0; i < room(1); i += 1) void bench.put({ key: `stranger-${i}` });
    await expectRefused(bench.put({ key: 'another' }).outcome, 'service_unavailable');
    bench.hashes.pop();
    for (const key of ['home', 'home', 'office']) void bench.put({ key, isKnown: true });
    expect((await bench.drain()).slice(0, 7)).toEqual([
      'stranger-0',
      'home',
      'stranger-1',
      'office',
      'stranger-2',
      'home',
      'stranger-3',
    ]);
  });

  it('refuses at once who is known, too, where as many of those wait', async () => {
    const bench = new Bench(1);
    for (let i = 0; i < room(1); i += 1) void bench.put({ key: `known-${i}`, isKnown: true });
    await expectRefused(bench.put({ key: 'another', isKnown: true }).outcome, 'service_unavailable');
    void bench.put({ key: 'stranger' });
    expect(bench.queue.readings()).toEqual({ running: 1, waiting: room(1) });
  });

  it('refuses at once who would wait for too long, and says when to come again', async () => {
    const bench = new Bench(2);
    for (let i = 0; i < room(2); i += 1) void bench.put({ key: 'flood' });
    const startedAt = performance.now();
    const error = await expectRefused(bench.put({ key: 'flood' }).outcome, 'service_unavailable');
    expect(performance.now() - startedAt).toBeLessThan(50);
    expect(error.context).toMatchObject({ reason: 'hashing_queue_full', retryAfterSeconds: 11 });
    expect((await bench.drain()).length).toBe(room(2));
  });

  it('learns from each hash how long the next will take', async () => {
    const bench = new Bench(1);
    for (let i = 0; i < 40; i += 1) {
      const { hash, outcome } = bench.put({ key: 'a' });
      await turnOfLoop();
      hash.finish();
      await outcome;
    }
    for (let i = 0; i < 4 * room(1); i += 1) void bench.put({ key: 'a' });
    expect((await bench.drain()).length).toBe(4 * room(1));
  });

  it('takes the single one of another key next, however many a flood has waiting', async () => {
    const bench = new Bench(1);
    for (let i = 0; i < room(1) - 1; i += 1) void bench.put({ key: 'flood' });
    void bench.put({ key: 'owner' });
    void bench.put({ key: 'neighbour' });
    const order = await bench.drain();
    // The one that runs, and one of the flood's: no more than a round.
    expect(order.slice(0, 5)).toEqual(['flood', 'flood', 'owner', 'neighbour', 'flood']);
    expect(order.length).toBe(room(1) + 1);
  });

  it('does not refuse the single one of another key for a flood that is refused', async () => {
    const bench = new Bench(2);
    for (let i = 0; i < room(2); i += 1) void bench.put({ key: 'flood' });
    await expectRefused(bench.put({ key: 'flood' }).outcome, 'service_unavailable');
    const { outcome } = bench.put({ key: 'owner' });
    void bench.drain();
    expect(await outcome).toBe('done');
  });

  it('stays bounded under a flood in which every key is another', async () => {
    const bench = new Bench(2);
    const outcomes = Array.from({ length: 5_000 }, (_, i) => bench.put({ key: `bot ${i}` }).outcome);
    const finished = await bench.drain();
    expect(finished.length).toBe(room(2));
    const refused = (await Promise.all(outcomes)).filter((outcome) => outcome instanceof AppError);
    expect(refused.length).toBe(5_000 - finished.length);
  });

  it('refuses in time also who waits longer than was foreseen', async () => {
    const bench = new Bench(1, 400);
    void bench.put({ key: 'flood' });
    void bench.put({ key: 'flood' });
    const { hash, outcome } = bench.put({ key: 'flood' });
    const startedAt = performance.now();
    await expectRefused(outcome, 'service_unavailable');
    expect(performance.now() - startedAt).toBeGreaterThan(390);
    await bench.drain();
    expect(hash.isBegun).toBe(false);
  });

  it('asks for admission at the turn, not before; a refusal is the outcome and takes no thread', async () => {
    const bench = new Bench(1);
    const first = bench.put({ key: 'a' });
    const refusal = new Error('too many by now');
    let asked = 0;
    const admit = () => {
      asked += 1;
      return Promise.reject(refusal);
    };
    const { hash, outcome } = bench.put({ key: 'b', admit });
    await turnOfLoop();
    expect(asked).toBe(0);
    first.hash.finish();
    expect(await outcome).toBe(refusal);
    expect([asked, hash.isBegun]).toEqual([1, false]);
    const next = bench.put({ key: 'c' });
    await bench.drain();
    expect(await next.outcome).toBe('done');
  });

  it('gives the thread to the next when work fails', async () => {
    const bench = new Bench(1);
    const failing = bench.put({ key: 'a' });
    const next = bench.put({ key: 'b' });
    await turnOfLoop();
    const error = new Error('the thread died');
    failing.hash.fail(error);
    expect(await failing.outcome).toBe(error);
    await turnOfLoop();
    next.hash.finish();
    expect(await next.outcome).toBe('done');
  });

  it('gives the thread to the next when work throws before it is a promise', async () => {
    const { queue } = new Bench(1);
    const broken = queue.run({ key: 'a' }, () => {
      throw new Error('no threads');
    });
    await expect(broken).rejects.toThrow('no threads');
    expect(await queue.run({ key: 'a' }, () => Promise.resolve('done'))).toBe('done');
  });
});

describe('who hangs up', () => {
  it('leaves the queue at once, and those behind move up', async () => {
    const bench = new Bench(1);
    const clients = Array.from({ length: room(1) - 1 }, () => new AbortController());
    void bench.put({ key: 'a' });
    const gone = clients.map(({ signal }) => bench.put({ key: 'a', signal }));
    await expectRefused(bench.put({ key: 'a' }).outcome, 'service_unavailable');
    for (const client of clients) client.abort();
    for (const { outcome } of gone) await expectRefused(outcome, 'client_closed_request');
    const next = bench.put({ key: 'a' });
    expect(await bench.drain()).toEqual(['a', 'a']);
    expect(await next.outcome).toBe('done');
    expect(gone.some(({ hash }) => hash.isBegun)).toBe(false);
  });

  it('does not enter it where they had hung up before', async () => {
    const bench = new Bench(1);
    void bench.put({ key: 'a' });
    const { hash, outcome } = bench.put({ key: 'a', signal: AbortSignal.abort() });
    // While the thread is busy: it has not waited for its turn.
    await expectRefused(outcome, 'client_closed_request');
    expect(await bench.drain()).toEqual(['a']);
    expect(hash.isBegun).toBe(false);
  });

  it('takes no thread where they hang up while admission is asked', async () => {
    const bench = new Bench(1);
    const client = new AbortController();
    const { hash, outcome } = bench.put({ key: 'a', signal: client.signal, admit: () => sleep(20) });
    client.abort();
    await expectRefused(outcome, 'client_closed_request');
    expect(hash.isBegun).toBe(false);
  });

  it('has what is in a thread already done', async () => {
    const bench = new Bench(1);
    const client = new AbortController();
    const { outcome } = bench.put({ key: 'a', signal: client.signal });
    await turnOfLoop();
    client.abort();
    await bench.drain();
    expect(await outcome).toBe('done');
  });

  it('refuses those that wait as soon as they may no longer', async () => {
    const bench = new Bench(1);
    let isAdmitted = true;
    const refusal = new Error('over the limit');
    const admit = () => (isAdmitted ? Promise.resolve() : Promise.reject(refusal));
    const running = bench.put({ key: 'a', admit });
    const waiting = [bench.put({ key: 'a', admit }), bench.put({ key: 'b', admit })];
    const free = bench.put({ key: 'c' });
    await turnOfLoop();
    isAdmitted = false;
    bench.queue.reconsider();
    for (const { outcome } of waiting) expect(await outcome).toBe(refusal);
    expect(bench.hashes.map(({ hash }) => hash.isBegun)).toEqual([true, false, false, false]);
    expect(await bench.drain()).toEqual(['a', 'c']);
    expect([await running.outcome, await free.outcome]).toEqual(['done', 'done']);
  });
});

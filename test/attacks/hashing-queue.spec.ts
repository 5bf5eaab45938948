import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import type { HashTask } from '../../src/passwords/hash.worker.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { post } from '../support/http.js';
import { eventually } from '../support/keys.js';
import { expectRefusal } from '../support/refusal.js';
import { LOGIN_PATHS } from '../support/second-factor.js';
import { open, requestBytes } from '../support/socket.js';

const THREADS = availableParallelism();
/** What a hash takes until one was measured, in `HashingQueue`. */
const FIRST_GUESS_MS = 200;
const MAX_WAIT_MS = 1_000;
const ROOM = THREADS + (MAX_WAIT_MS / FIRST_GUESS_MS) * THREADS;

/** The hashing threads of an application, which begin nothing until they are released. */
class HeldThreads {
  /** Comparisons that came to a thread. */
  begun = 0;
  release: () => void = () => undefined;

  constructor({ app }: TestApp) {
    const { pool } = app.get<unknown, { pool: { run(task: HashTask): Promise<unknown> } }>(PasswordsService);
    const run = pool.run.bind(pool);
    const released = new Promise<void>((resolve) => (this.release = resolve));
    pool.run = async (task) => {
      if (task.kind === 'compare') {
        this.begun += 1;
        await released;
      }
      return run(task);
    };
  }
}

describe('more logins than there are threads to hash for', () => {
  let t: TestApp;
  let threads: HeldThreads;

  async function start(maxWaitMs: number): Promise<void> {
    t = await startApp({ env: { LOGIN_QUEUE_MAX_WAIT_MS: String(maxWaitMs) } });
    await t.createUser('owner@example.com');
    // The first makes the decoy.
    await post(`${t.url}/v1/login`, { email: 'owner@example.com', password: 'wrong' });
    threads = new HeldThreads(t);
  }
  afterEach(() => {
    threads.release();
    return t.close();
  });

  const guess = (path: string) => post(t.url + path, { email: 'owner@example.com', password: 'wrong' });
  const refusedBy = (reason: string) => t.logs.filter((line) => line['reason'] === reason);
  const waiting = () => {
    const { queue } = t.app.get<unknown, { queue: { waiting: Map<string, unknown[]> } }>(PasswordsService);
    return [...queue.waiting.values()].flat().length;
  };

  describe('of clients that stay', () => {
    beforeEach(() => start(60_000));

    it('answers all of them in the end', async () => {
      const answers = Promise.all(Array.from({ length: 10 * THREADS }, () => guess('/v1/login')));
      await eventually(() => waiting() === 9 * THREADS);
      expect(threads.begun).toBe(THREADS);
      threads.release();
      expect((await answers).every(({ status }) => status === 401)).toBe(true);
    });
  });

  describe.each(LOGIN_PATHS)('at %s, when the queue is full', (path) => {
    it('answers 503 at once, in the words of the contract, and computes nothing for it', async () => {
      // Nobody in the queue may be refused for having waited: a busy machine is slow to fill it.
      await start(MAX_WAIT_MS * 30);
      const full = Promise.all(Array.from({ length: THREADS + 150 * THREADS }, () => guess('/v1/login')));
      await eventually(() => waiting() === 150 * THREADS);
      const startedAt = performance.now();
      const answer = await guess(path);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      expectRefusal(answer, path, 503, 'Service Unavailable.');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(30);
      expect(refusedBy('hashing_queue_full').length).toBe(1);
      expect(threads.begun).toBe(THREADS);
      threads.release();
      expect((await full).every(({ status }) => status === 401)).toBe(true);
      expect((await post(t.url + path, { email: 'owner@example.com', password: PASSWORD })).status).toBe(200);
    });
  });

  describe('of clients that hang up', () => {
    beforeEach(() => start(60_000));

    async function send(path: string) {
      const socket = await open(t.url);
      const body = JSON.stringify({ email: 'owner@example.com', password: PASSWORD });
      socket.write(requestBytes(`POST ${path}`, ['Content-Type: application/json'], body));
      return socket;
    }

    it('computes nothing for those that left the queue', async () => {
      const running = Promise.all(Array.from({ length: THREADS }, () => guess('/v1/login')));
      await eventually(() => threads.begun === THREADS);
      const sockets = await Promise.all(Array.from({ length: 20 }, (_, i) => send(LOGIN_PATHS[i % 2] ?? '')));
      await eventually(() => waiting() === 20);
      for (const socket of sockets) socket.destroy();
      await eventually(() => waiting() === 0);
      await eventually(() => refusedBy('client_hung_up').length === 20);
      threads.release();
      await running;
      expect(threads.begun).toBe(THREADS);
      const [{ count }] = await t.dataSource.query<[{ count: unknown }]>(
        'SELECT COUNT(*) AS count FROM sessions',
      );
      expect(Number(count)).toBe(0);
    });

    it('computes nothing for those that left before they were in it', async () => {
      const running = Promise.all(Array.from({ length: THREADS }, () => guess('/v1/login')));
      await eventually(() => threads.begun === THREADS);
      for (let i = 0; i < 20; i += 1) (await send('/v1/login')).end().destroySoon();
      await eventually(() => refusedBy('client_hung_up').length === 20);
      expect(waiting()).toBe(0);
      threads.release();
      await running;
      expect(threads.begun).toBe(THREADS);
    });
  });
});

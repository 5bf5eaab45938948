import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { HashingQueue } from '../../src/passwords/hashing.queue.js';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { HANDED_OUT, HeldThreads } from '../support/held-threads.js';
import { login, post, type Answer } from '../support/http.js';
import { eventually } from '../support/keys.js';
import { expectRefusal } from '../support/refusal.js';
import { LOGIN_PATHS } from '../support/second-factor.js';
import { open, requestBytes } from '../support/socket.js';

/** Time enough to fill the queue on a busy machine. */
const MAX_WAIT_MS = 8_000;

describe('more logins than there are threads to hash for', () => {
  let t: TestApp;
  let threads: HeldThreads;
  let strangers = 0;

  beforeEach(async () => {
    t = await startApp({ env: { LOGIN_QUEUE_MAX_WAIT_MS: String(MAX_WAIT_MS), TRUST_PROXY: '127.0.0.1' } });
    await t.createUser('owner@example.com');
    // The first starts the threads.
    await guess('/v1/login');
    threads = new HeldThreads(t);
  });
  afterEach(async () => {
    threads.release();
    await t.close();
  });

  /** As somebody else each time: nobody is slowed down for having guessed before. */
  const guess = (path: string, address = '203.0.113.7') =>
    post(
      t.url + path,
      { email: `nobody-${(strangers += 1)}@example.com`, password: 'wrong' },
      { 'x-forwarded-for': address },
    );
  const guesses = (count: number) => Promise.all(Array.from({ length: count }, () => guess('/v1/login')));
  const waiting = () => {
    const { queue } = t.app.get<unknown, { queue: HashingQueue }>(PasswordsService);
    return queue.readings().waiting;
  };

  it('are all answered in the end', async () => {
    const answers = guesses(5 * HANDED_OUT);
    await eventually(() => waiting() === 4 * HANDED_OUT);
    expect(threads.begun).toBe(HANDED_OUT);
    threads.release();
    expect((await answers).every(({ status }) => status === 401)).toBe(true);
  });

  it('are refused at once when the queue is full, in the words of each contract, and nothing is computed for them', async () => {
    const begun: Promise<Answer>[] = [];
    const refused = () => t.logs.filter(({ reason }) => reason === 'hashing_queue_full').length;
    while (refused() === 0) {
      for (let i = 0; i < 10; i += 1) begun.push(guess('/v1/login'));
      await eventually(() => waiting() + HANDED_OUT >= begun.length || refused() > 0);
    }
    await eventually(() => refused() + waiting() + HANDED_OUT === begun.length);
    const admitted = waiting();
    for (const path of LOGIN_PATHS) {
      const answer = await guess(path);
      expectRefusal(answer, path, 503, 'Service Unavailable.');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(MAX_WAIT_MS / 1000);
    }
    expect([waiting(), threads.begun]).toEqual([admitted, HANDED_OUT]);
    threads.release();
    const statuses = (await Promise.all(begun)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401).length).toBe(HANDED_OUT + admitted);
    expect(new Set(statuses)).toEqual(new Set([401, 503]));
    expect(threads.begun).toBe(HANDED_OUT + admitted);
    await login(t.url, 'owner@example.com', PASSWORD);
  });

  it('leave room for others, though each comes from another address of one IPv6 network', async () => {
    const begun: Promise<Answer>[] = [];
    const refused = () => t.logs.filter(({ reason }) => reason === 'hashing_queue_full').length;
    while (refused() === 0) {
      begun.push(guess('/v1/login', `2001:db8::${begun.length.toString(16)}`));
      await eventually(() => waiting() + HANDED_OUT >= begun.length || refused() > 0);
    }
    const admitted = waiting();
    const other = guess('/v1/login', '203.0.113.8');
    await eventually(() => waiting() > admitted || refused() > 1);
    threads.release();
    expect((await other).status).toBe(401);
    await Promise.all(begun);
  });

  it('leave room, from however many addresses, for who has signed in from theirs before', async () => {
    const home = '203.0.113.9';
    const comeHome = () =>
      post(
        `${t.url}/v1/login`,
        { email: 'owner@example.com', password: PASSWORD },
        { 'x-forwarded-for': home },
      );
    threads.release();
    expect((await comeHome()).status).toBe(200);
    threads = new HeldThreads(t);
    const begun: Promise<Answer>[] = [];
    const refused = () => t.logs.filter(({ reason }) => reason === 'hashing_queue_full').length;
    while (refused() === 0) {
      begun.push(guess('/v1/login', `2001:db8:0:${begun.length.toString(16)}::1`));
      await eventually(() => waiting() + HANDED_OUT >= begun.length || refused() > 0);
    }
    const admitted = waiting();
    const owner = comeHome();
    await eventually(() => waiting() > admitted || refused() > 1);
    threads.release();
    expect((await owner).status).toBe(200);
    await Promise.all(begun);
  });

  describe('whose clients hang up', () => {
    async function send(path: string) {
      const socket = await open(t.url);
      const body = JSON.stringify({ email: 'owner@example.com', password: PASSWORD });
      socket.write(requestBytes(`POST ${path}`, ['Content-Type: application/json'], body));
      return socket;
    }
    async function expectNothingComputed(running: Promise<Answer[]>) {
      const last = guess('/v1/login');
      await eventually(() => waiting() === 1);
      threads.release();
      await running;
      expect((await last).status).toBe(401);
      expect(threads.begun).toBe(HANDED_OUT + 1);
      expect(await t.dataSource.query('SELECT * FROM sessions')).toEqual([]);
    }

    it('leave the queue', async () => {
      const running = guesses(HANDED_OUT);
      await eventually(() => threads.begun === HANDED_OUT);
      const sockets = await Promise.all(Array.from({ length: 20 }, (_, i) => send(LOGIN_PATHS[i % 2] ?? '')));
      await eventually(() => waiting() === 20);
      for (const socket of sockets) socket.destroy();
      await eventually(() => waiting() === 0);
      await expectNothingComputed(running);
    });

    it('do not enter it where they had left before', async () => {
      const running = guesses(HANDED_OUT);
      await eventually(() => threads.begun === HANDED_OUT);
      for (let i = 0; i < 20; i += 1) (await send('/v1/login')).destroySoon();
      await expectNothingComputed(running);
    });
  });
});

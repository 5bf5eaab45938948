import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ThrottlesService } from '../../src/attempts/throttles.service.js';
import type { HashingQueue } from '../../src/passwords/hashing.queue.js';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { HANDED_OUT, HeldThreads } from '../support/held-threads.js';
import { login, post, type Answer } from '../support/http.js';
import { eventually } from '../support/keys.js';
import { expectRefusal } from '../support/refusal.js';
import { LOGIN_PATHS } from '../support/second-factor.js';
import { open, requestBytes } from '../support/socket.js';

/** The default, and the quarter more that may be under way. */
const FAILURES = 20;
const AT_ONCE = 25;
interface Running {
  queue: HashingQueue;
}
const TOO_MANY = 'Too Many Attempts.';

/** All before the first of them is answered: nothing counts against their address yet. */
describe('a wave of logins from one address', () => {
  let t: TestApp;
  let threads: HeldThreads;
  let email: string;
  let strangers = 0;

  beforeEach(async () => {
    t = await startApp({
      env: {
        TRUST_PROXY: '127.0.0.1',
        LOGIN_FAILURES_PER_MINUTE_PER_ADDRESS: String(FAILURES),
        LOGIN_FAILURES_PER_DAY_PER_ACCOUNT: '100',
      },
    });
    ({ email } = await t.createUser());
    // The first starts the threads.
    await login(t.url, email, PASSWORD);
    threads = new HeldThreads(t);
  });
  afterEach(async () => {
    threads.release();
    await t.close();
  });

  const tryAs = (
    who: string,
    password: string,
    address = '203.0.113.7',
    path: string = LOGIN_PATHS[0],
  ): Promise<Answer> => post(t.url + path, { email: who, password }, { 'x-forwarded-for': address });
  const right = () => tryAs(email, PASSWORD);
  const wrong = () => tryAs(`nobody-${(strangers += 1)}@example.com`, 'wrong');
  const waiting = () => t.app.get<unknown, Running>(PasswordsService).queue.readings().waiting;
  const statuses = async (answers: Promise<Answer>[]) =>
    (await Promise.all(answers)).map(({ status }) => status).sort();

  /** Sends them and waits until all but `waiting` are answered, with no thread having begun to answer any of those. */
  async function send(
    count: number,
    one: () => Promise<Answer>,
    waiting: number,
  ): Promise<Promise<Answer>[]> {
    const answered: Answer[] = [];
    const answers = Array.from({ length: count }, async () => {
      const answer = await one();
      answered.push(answer);
      return answer;
    });
    await eventually(() => answered.length === count - waiting);
    for (const answer of answered) {
      expectRefusal(answer, LOGIN_PATHS[0], 429, TOO_MANY);
      expect(answer.headers.get('retry-after')).toBe('1');
    }
    return answers;
  }

  it.each([
    ['right', 200, right],
    ['wrong', 401, wrong],
  ])(
    'with a %s password has those that are too many refused on arrival, and every other answered %i',
    async (_, status, one) => {
      const answers = await send(100, one, AT_ONCE);
      threads.release();
      expect(await statuses(answers)).toEqual([
        ...Array<number>(AT_ONCE).fill(status),
        ...Array<number>(75).fill(429),
      ]);
    },
  );

  it('is answered as long as it is no more than 25, all of them right', async () => {
    const answers = Array.from({ length: AT_ONCE }, right);
    await eventually(() => threads.begun === Math.min(AT_ONCE, HANDED_OUT));
    threads.release();
    expect(await statuses(answers)).toEqual(Array(AT_ONCE).fill(200));
  });

  it('has no more room where wrong passwords came before', async () => {
    threads.release();
    expect(await statuses(Array.from({ length: 15 }, wrong))).toEqual(Array(15).fill(401));
    threads = new HeldThreads(t);
    const answers = await send(20, wrong, AT_ONCE - 15);
    threads.release();
    expect(await statuses(answers)).toEqual([...Array<number>(10).fill(401), ...Array<number>(10).fill(429)]);
    expectRefusal(await right(), LOGIN_PATHS[0], 429, TOO_MANY);
  });

  it('takes the room of no other address, and gives back its own', async () => {
    const answers = await send(30, right, AT_ONCE);
    expectRefusal(await tryAs(email, PASSWORD, undefined, LOGIN_PATHS[1]), LOGIN_PATHS[1], 429, TOO_MANY);
    const elsewhere = tryAs(email, PASSWORD, '203.0.113.8');
    threads.release();
    expect((await elsewhere).status).toBe(200);
    await Promise.all(answers);
    expect(await statuses(Array.from({ length: AT_ONCE }, right))).toEqual(Array(AT_ONCE).fill(200));
  });

  it('is not held up where its account has signed in from there before', async () => {
    threads.release();
    expect((await right()).status).toBe(200);
    threads = new HeldThreads(t);
    const strangersWave = await send(30, wrong, AT_ONCE);
    const answers = Array.from({ length: 40 }, right);
    await eventually(() => waiting() + threads.begun === AT_ONCE + 40);
    threads.release();
    expect(await statuses(answers)).toEqual(Array(40).fill(200));
    await Promise.all(strangersWave);
    expectRefusal(await right(), LOGIN_PATHS[0], 429, TOO_MANY);
  });

  it('gives its room back where clients hang up', async () => {
    const sockets = await Promise.all(Array.from({ length: AT_ONCE }, () => open(t.url)));
    const body = JSON.stringify({ email, password: PASSWORD });
    const headers = ['Content-Type: application/json', 'X-Forwarded-For: 203.0.113.7'];
    for (const socket of sockets) socket.write(requestBytes(`POST ${LOGIN_PATHS[0]}`, headers, body));
    await eventually(() => waiting() + threads.begun === AT_ONCE);
    for (const socket of sockets) socket.destroy();
    await eventually(() => waiting() === 0);
    threads.release();
    await eventually(() => t.app.get<unknown, Running>(PasswordsService).queue.readings().running === 0);
    threads = new HeldThreads(t);
    const answers = await send(AT_ONCE, right, AT_ONCE);
    threads.release();
    expect(await statuses(answers)).toEqual(Array(AT_ONCE).fill(200));
  });

  it('on one account has no more wrong passwords tried than as many in a row, and those that threads have', async () => {
    const count = 3 * HANDED_OUT + 10;
    // Each from an address of its own: what is counted is the account's.
    const answers = Array.from({ length: count }, (_, i) => tryAs(email, 'wrong', `198.51.100.${i}`));
    await eventually(() => waiting() === count - HANDED_OUT);
    threads.release();
    const all = await statuses(answers);
    const tried = all.filter((status) => status === 401).length;
    expect(all).toEqual([...Array<number>(tried).fill(401), ...Array<number>(count - tried).fill(429)]);
    expect(tried).toBeGreaterThanOrEqual(5);
    expect(tried).toBeLessThan(5 + HANDED_OUT);
  });

  it('at several copies ends where the failures of all are as many: they count when a thread is free', async () => {
    const throttles = t.app.get(ThrottlesService);
    const attempt = () => ({
      email: `nobody-${(strangers += 1)}@example.com`,
      address: '203.0.113.9',
      isKnownAddress: false,
    });
    const compared = throttles.whileAdmitted(attempt(), async (admit) => {
      for (let i = 1; i < AT_ONCE; i += 1) expect(await throttles.recordFailure(attempt())).toBe(false);
      await admit();
      expect(await throttles.recordFailure(attempt())).toBe(true);
      await admit();
    });
    await expect(compared).rejects.toMatchObject({ context: { reason: 'too_many_failures_of_address' } });
  });
});

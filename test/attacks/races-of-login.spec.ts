import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import type { User } from '../../src/users/user.entity.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login, post, type Answer } from '../support/http.js';
import { expectNoRefresh, expectNoServerErrors, expectRefusal, LOGIN_REFUSED } from '../support/refusal.js';
import { rounds } from '../support/scope.js';

const ROUNDS = rounds(40, 200);
/** On a machine with nothing else to do, seconds: the hashing threads yield to whatever else there is. */
const PATIENCE_MS = 240_000;
const paths = ['/v1/login', '/api/users/auth'];

let app: TestApp;
let accounts: AccountsService;
/** What a login takes, in milliseconds. */
let loginMs: number;
beforeAll(async () => {
  app = await startApp();
  accounts = app.app.get(AccountsService);
  const { email } = await app.createUser();
  for (let i = 0; i < 5; i += 1) await login(app.url, email, PASSWORD);
  const began = performance.now();
  for (let i = 0; i < 10; i += 1) await login(app.url, email, PASSWORD);
  loginMs = (performance.now() - began) / 10;
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

/** Waits finer than a timer does, and without taking the hashing threads' time for it. */
async function until(instant: number): Promise<void> {
  const wholeMs = Math.floor(instant - performance.now()) - 1;
  if (wholeMs > 0) await sleep(wholeMs);
  while (performance.now() < instant) await new Promise((resolve) => setImmediate(resolve));
}

const attempts = (email: string, password: string): Promise<Answer[]> =>
  Promise.all(paths.map((path) => post(app.url + path, { email, password })));
const tokenOf = ({ headers, body }: Answer): string =>
  headers.get('access_token') ?? (body as { token: string }).token;
const sessionsOf = async ({ id }: User): Promise<number> =>
  (await app.dataSource.query<object[]>('SELECT id FROM sessions WHERE user_id = $1', [id])).length;

/**
 * Logs in while `change` is under way, the one begun ever later than the other, from a login before it to a login after it.
 * Once `change` has returned, no login that was under way may leave anything behind that can be used.
 */
async function raceRound(
  round: number,
  user: User,
  password: string,
  change: () => Promise<unknown>,
): Promise<number[]> {
  const lead = ((4 * round) / ROUNDS - 1) * loginMs;
  const began = performance.now();
  const loggingIn = until(began + Math.max(0, -lead)).then(() => attempts(user.email, password));
  await until(began + Math.max(0, lead));
  await change();
  expect(await sessionsOf(user)).toBe(0);
  const answers = await loggingIn;
  for (const [i, answer] of answers.entries()) {
    if (answer.status === 200) await expectNoRefresh(app.url, tokenOf(answer));
    else expectRefusal(answer, paths[i] ?? '', 401, LOGIN_REFUSED);
  }
  expect(await sessionsOf(user)).toBe(0);
  return answers.map(({ status }) => status);
}

/** Both must have happened, or nothing was raced. */
const expectBothOutcomes = (statuses: number[]) => expect(new Set(statuses)).toEqual(new Set([200, 401]));

describe(`a login at the same time, ${ROUNDS} rounds`, () => {
  it(
    'as its account is disabled leaves nothing that can be used',
    async () => {
      const user = await app.createUser();
      const statuses: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        statuses.push(...(await raceRound(round, user, PASSWORD, () => accounts.disable(user.publicId))));
        await accounts.enable(user.publicId);
      }
      expectBothOutcomes(statuses);
    },
    PATIENCE_MS,
  );

  it(
    'as its password is set leaves nothing that the old one opened',
    async () => {
      const user = await app.createUser();
      const statuses: number[] = [];
      let password = PASSWORD;
      for (let round = 0; round < ROUNDS; round += 1) {
        const [old, next] = [password, `${PASSWORD} ${round}`];
        statuses.push(...(await raceRound(round, user, old, () => accounts.setPassword(user.email, next))));
        password = next;
      }
      expectBothOutcomes(statuses);
      await login(app.url, user.email, password);
    },
    PATIENCE_MS,
  );

  it(
    'as its account is deleted leaves nothing, and is no failure',
    async () => {
      const statuses: number[] = [];
      for (let round = 0; round < ROUNDS; round += 4) {
        const user = await app.createUser();
        const remove = () => app.dataSource.query('DELETE FROM users WHERE id = $1', [user.id]);
        statuses.push(...(await raceRound(round, user, PASSWORD, remove)));
      }
      expectBothOutcomes(statuses);
    },
    PATIENCE_MS,
  );

  it('as 24 others with the right password succeeds, and so do they', async () => {
    const user = await app.createUser();
    const answers = await Promise.all(Array.from({ length: 13 }, () => attempts(user.email, PASSWORD)));
    expect(answers.flat().map(({ status }) => status)).toEqual(Array<number>(26).fill(200));
    const tokens = answers.flat().map(tokenOf);
    expect(new Set(tokens).size).toBe(26);
    // All were let in; of their sessions as many go on as one account may have.
    expect(await sessionsOf(user)).toBe(Math.min(26, app.config.maxSessionsPerUser));
  });
});

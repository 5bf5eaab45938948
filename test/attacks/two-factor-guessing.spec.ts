import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import {
  createProtectedAccount,
  enrol,
  expectRefused,
  LOGIN_PATHS,
  reasons,
  triesSpent,
  tryLogin,
  turnOn,
  type ProtectedAccount,
} from '../support/second-factor.js';

const MINUTE = 60;
const WRONG_RECOVERY_CODE = 'aaaa-aaaa-aaaa-aaaa';

/** Somebody who has the password and guesses the rest: five tries in a quarter of an hour, whichever door they come by. */
describe('guessing the second factor', () => {
  let t: TestApp;

  beforeAll(async () => {
    t = await startApp();
  });
  afterAll(() => t.close());
  beforeEach(() => {
    t.logs.length = 0;
  });

  const guess = (account: ProtectedAccount, path?: (typeof LOGIN_PATHS)[number]) =>
    tryLogin(t, account, { code: account.authenticator.wrongCode(t.clock.now()) }, path);
  const answerRight = (account: ProtectedAccount, path?: (typeof LOGIN_PATHS)[number]) =>
    tryLogin(t, account, { code: account.authenticator.code(t.clock.now()) }, path);
  const evaluated = () =>
    reasons(t).filter((reason) => reason === 'wrong_code' || reason === 'wrong_recovery_code').length;

  it('ends after five tries: then the right code gets the same answer, until 15 minutes are over', async () => {
    const account = await createProtectedAccount(t);
    const wrong: Answer[] = [];
    for (let i = 0; i < 5; i += 1) wrong.push(await guess(account));
    const right = await answerRight(account);
    for (const answer of [...wrong, right]) expectRefused(answer);
    expect([...right.headers.keys()]).toEqual([...(wrong[0] as Answer).headers.keys()]);
    t.clock.advance(15 * MINUTE - 1);
    for (const path of LOGIN_PATHS) expectRefused(await answerRight(account, path), path);
    expect(reasons(t)).toEqual([
      ...Array<string>(5).fill('wrong_code'),
      ...Array<string>(3).fill('code_budget_spent'),
    ]);
    t.clock.advance(1);
    expect((await answerRight(account)).status).toBe(200);
    expect(await triesSpent(t, account)).toBe(0);
  });

  it('leaves four mistakes and the right code to the owner', async () => {
    const account = await createProtectedAccount(t);
    for (let i = 0; i < 4; i += 1) expectRefused(await guess(account));
    expect((await answerRight(account)).status).toBe(200);
  });

  it('does not prolong the time by trying on', async () => {
    const account = await createProtectedAccount(t);
    for (let i = 0; i < 5; i += 1) await guess(account);
    for (let i = 0; i < 14; i += 1) {
      t.clock.advance(MINUTE);
      expectRefused(await guess(account));
    }
    expect(await triesSpent(t, account)).toBe(5);
    t.clock.advance(MINUTE);
    expect((await answerRight(account)).status).toBe(200);
  });

  it('has one budget for every door: logins, recovery codes, disabling, renewing', async () => {
    const account = await turnOn(t);
    const { token, authenticator, recoveryCodes } = account;
    const own = (route: string, factor: object) =>
      post(`${t.url}/v1/two-factor/${route}`, { password: PASSWORD, ...factor }, bearer(token));
    const code = () => authenticator.wrongCode(t.clock.now());
    expectRefused(await guess(account, '/v1/login'));
    expectRefused(await guess(account, '/api/users/auth'), '/api/users/auth');
    expectRefused(await tryLogin(t, account, { recovery_code: WRONG_RECOVERY_CODE }));
    expectRefused(await own('disable', { code: code() }), '/v1/two-factor/disable');
    expectRefused(
      await own('recovery-codes', { recovery_code: WRONG_RECOVERY_CODE }),
      '/v1/two-factor/recovery-codes',
    );
    expect(await triesSpent(t, account)).toBe(5);
    t.logs.length = 0;
    t.clock.advance(30);
    const right = { code: authenticator.code(t.clock.now()) };
    for (const factor of [right, { recovery_code: recoveryCodes[0] }]) {
      for (const path of LOGIN_PATHS) expectRefused(await tryLogin(t, account, factor, path), path);
      for (const route of ['disable', 'recovery-codes'])
        expectRefused(await own(route, factor), `/v1/two-factor/${route}`);
    }
    expect(reasons(t)).toEqual(Array(8).fill('code_budget_spent'));
    // Nothing of it was used up.
    const status = await send(`${t.url}/v1/two-factor`, { headers: bearer(token) });
    expect(status.body).toMatchObject({ enabled: true, recovery_codes_left: 10 });
    t.clock.advance(15 * MINUTE);
    expect((await tryLogin(t, account, { recovery_code: recoveryCodes[0] })).status).toBe(200);
  });

  it('has the same budget for confirming, which asking for another secret does not renew', async () => {
    const { email } = await t.createUser();
    const token = await login(t.url, email, PASSWORD);
    const path = '/v1/two-factor/confirm';
    const confirm = (code: string) => post(t.url + path, { code }, bearer(token));
    for (let i = 0; i < 5; i += 1) {
      const authenticator = await enrol(t, token);
      expectRefused(await confirm(authenticator.wrongCode(t.clock.now())), path);
    }
    const authenticator = await enrol(t, token);
    expectRefused(await confirm(authenticator.code(t.clock.now())), path);
    expect(reasons(t)).toEqual([...Array<string>(5).fill('wrong_code'), 'code_budget_spent']);
    // Nobody is locked out by it: two-factor is not on.
    for (const each of LOGIN_PATHS) expect((await tryLogin(t, { email }, {}, each)).status).toBe(200);
    t.clock.advance(15 * MINUTE);
    expect((await confirm(authenticator.code(t.clock.now()))).status).toBe(200);
  });

  it('is not helped by a new session, a refreshed token or another endpoint', async () => {
    const account = await turnOn(t);
    t.clock.advance(30);
    await answerRight(account);
    for (let i = 0; i < 5; i += 1) {
      await guess(account, LOGIN_PATHS[i % 2 ? 1 : 0]);
      expect((await post(`${t.url}/v1/refresh-token`, undefined, bearer(account.token))).status).toBe(200);
    }
    t.clock.advance(30);
    for (const path of LOGIN_PATHS) expectRefused(await answerRight(account, path), path);
  });

  it('is never more than five tries in any 15 minutes, however they are spread', async () => {
    const account = await createProtectedAccount(t);
    await guess(account);
    t.clock.advance(15 * MINUTE - 30);
    for (let i = 0; i < 3; i += 1) await guess(account);
    t.clock.advance(30);
    for (let i = 0; i < 10; i += 1) await guess(account);
    // The first is 15 minutes old: of the others there are five.
    expect(evaluated()).toBe(5);
  });

  it('comes to at most five tries in any 15 minutes over 1,000 guesses in eight hours', async () => {
    const account = await createProtectedAccount(t);
    const times: number[] = [];
    for (let i = 0; i < 1_000; i += 1) {
      const before = evaluated();
      expect((await guess(account, LOGIN_PATHS[i % 2 ? 1 : 0])).status).toBe(401);
      if (evaluated() > before) times.push(t.clock.now());
      t.clock.advance(30);
    }
    expect(times.length).toBeGreaterThan(100);
    times.forEach((time, i) => {
      expect((times[i + 5] ?? Infinity) - time).toBeGreaterThanOrEqual(15 * MINUTE * 1000);
    });
  }, 300_000);

  it('of 100 at once, five are looked at', async () => {
    const account = await createProtectedAccount(t);
    const codes = account.authenticator.wrongCodes(t.clock.now(), 100);
    const answers = await Promise.all(
      codes.map((code, i) => tryLogin(t, account, { code }, LOGIN_PATHS[i % 2 ? 1 : 0])),
    );
    answers.forEach((answer, i) => {
      expectRefused(answer, LOGIN_PATHS[i % 2 ? 1 : 0]);
    });
    expect(await triesSpent(t, account)).toBe(5);
    const told = reasons(t);
    expect(told.filter((reason) => reason === 'wrong_code')).toHaveLength(5);
    expect(told.filter((reason) => reason === 'code_budget_spent')).toHaveLength(95);
  });

  it('the budget cannot be spent by somebody without the password', async () => {
    const account = await turnOn(t);
    const stranger = await login(t.url, (await t.createUser()).email, PASSWORD);
    const guesses = account.authenticator.wrongCodes(t.clock.now(), 20);
    for (const code of guesses) {
      for (const path of LOGIN_PATHS) {
        expectRefused(await post(t.url + path, { email: account.email, password: 'not it', code }), path);
      }
      for (const token of [account.token, stranger]) {
        const body = { password: 'not it', code, recovery_code: WRONG_RECOVERY_CODE };
        for (const route of ['disable', 'recovery-codes']) {
          expectRefused(
            await post(`${t.url}/v1/two-factor/${route}`, body, bearer(token)),
            `/v1/two-factor/${route}`,
          );
        }
      }
      // A token alone, without the password: there is nothing to confirm.
      expect((await post(`${t.url}/v1/two-factor/confirm`, { code }, bearer(account.token))).status).toBe(
        409,
      );
    }
    expect(await triesSpent(t, account)).toBe(0);
    t.clock.advance(30);
    expect((await answerRight(account)).status).toBe(200);
  });

  it('of one account leaves the others’ budget alone', async () => {
    const [account, other] = [await createProtectedAccount(t), await createProtectedAccount(t)];
    for (let i = 0; i < 5; i += 1) await guess(account);
    expect((await answerRight(other)).status).toBe(200);
  });

  it('is not told how near it was: refusals look the same', async () => {
    const account = await createProtectedAccount(t);
    const used = { code: account.authenticator.code(t.clock.now()) };
    await tryLogin(t, account, used);
    const answers = [
      await guess(account),
      await tryLogin(t, account, used),
      await tryLogin(t, account, { code: account.authenticator.code(t.clock.now(), 5) }),
      await tryLogin(t, account, { recovery_code: WRONG_RECOVERY_CODE }),
      await post(`${t.url}/v1/login`, { email: account.email, password: 'wrong', ...used }),
      await post(`${t.url}/v1/login`, { email: 'nobody@example.com', password: PASSWORD, ...used }),
    ];
    for (const answer of answers) expectRefused(answer);
    const shapes = answers.map(({ headers, text }) => [
      [...headers.keys()],
      headers.get('content-length'),
      text.length,
    ]);
    expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBe(1);
  });
});

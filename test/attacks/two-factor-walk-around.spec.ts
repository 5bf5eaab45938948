import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';
import {
  createProtectedAccount,
  expectRefused,
  factorRow,
  LOGIN_PATHS,
  reasons,
  triesSpent,
  tryLogin,
  turnOn,
  type ProtectedAccount,
} from '../support/second-factor.js';

/** The right password and no second factor, by every way there is beside it. */
describe('around the second factor', () => {
  let t: TestApp;
  let account: ProtectedAccount & { token: string };

  beforeAll(async () => {
    t = await startApp();
  });
  afterAll(() => t.close());
  beforeEach(async () => {
    account = await turnOn(t);
    t.clock.advance(30);
    t.logs.length = 0;
  });

  const right = (of: ProtectedAccount = account) => ({ code: of.authenticator.code(t.clock.now()) });

  it.each<[string, object]>([
    ['nothing', {}],
    ['an empty code', { code: '' }],
    ['null', { code: null, recovery_code: null }],
    [
      'other spellings',
      {
        Code: '123456',
        CODE: '123456',
        otp: '123456',
        recoveryCode: 'abcdefghijklmnop',
        'recovery-code': 'x',
      },
    ],
    [
      'what it would like to be',
      { two_factor: false, enabled: false, confirmed_at: null, factor: null, verdict: 'accepted' },
    ],
    ['somebody else', { user: { id: 1 }, id: 1, publicId: 'AAAAAAAA', passwordHash: null }],
    ['a nested code', { body: { code: '123456' }, data: { code: '123456' } }],
  ])('no code, but %s: no way in', async (_, body) => {
    const answer = await tryLogin(t, account, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ details: { code: [{ message: 'The code field is required.' }] } });
    expect(answer.headers.get('access_token')).toBeNull();
    expectRefused(await tryLogin(t, account, body, LOGIN_PATHS[1]), LOGIN_PATHS[1]);
    expect(await triesSpent(t, account)).toBe(0);
  });

  it('a code in the query string, a header or a cookie is none', async () => {
    const { code } = right();
    const credentials = { email: account.email, password: PASSWORD };
    const headers = { code, 'x-code': code, 'x-otp': code, cookie: `code=${code}` };
    expect((await post(`${t.url}/v1/login?code=${code}`, credentials, headers)).status).toBe(400);
    expect((await post(`${t.url}/api/users/auth?code=${code}`, credentials, headers)).status).toBe(401);
  });

  it('the first code of two in the body does not count', async () => {
    const { code } = right();
    const body = `{"email":"${account.email}","password":"${PASSWORD}","code":"${code}","code":""}`;
    expect((await post(`${t.url}/v1/login`, body)).status).toBe(400);
  });

  it.each([
    '/V1/login',
    '/v1//login',
    '/v1/login/',
    '/API/users/auth',
    '/api/users/auth/',
    '/v1/login;x',
    '/v1/login%00',
  ])('%s is no other door', async (path) => {
    const answer = await post(t.url + path, { email: account.email, password: PASSWORD });
    expect(answer.status).not.toBe(200);
    expect(answer.headers.get('access_token')).toBeNull();
    expect(answer.text).not.toContain('"token"');
  });

  it.each(['USER', 'mixed'])('another spelling of the e-mail (%s) is the same account', async (how) => {
    const email = how === 'USER' ? account.email.toUpperCase() : `U${account.email.slice(1)}`;
    expect((await tryLogin(t, { email })).status).toBe(400);
    expect((await tryLogin(t, { email }, {}, LOGIN_PATHS[1])).status).toBe(401);
    expect((await tryLogin(t, { email }, right())).status).toBe(200);
    expectRefused(await tryLogin(t, account, right()));
  });

  it('a right code does not make up for a wrong password, and stays good', async () => {
    for (const path of LOGIN_PATHS) {
      expectRefused(
        await post(t.url + path, { email: account.email, password: 'wrong', ...right() }, {}),
        path,
      );
      expectRefused(
        await post(t.url + path, {
          email: account.email,
          password: 'wrong',
          recovery_code: account.recoveryCodes[0],
        }),
        path,
      );
    }
    expect(reasons(t)).toEqual(Array(4).fill('wrong_password'));
    expect((await tryLogin(t, account, right())).status).toBe(200);
    expect((await tryLogin(t, account, { recovery_code: account.recoveryCodes[0] })).status).toBe(200);
  });

  it('whether a code is asked for is told to nobody without the password', async () => {
    const plain = await t.createUser();
    const answers = [];
    for (const email of [account.email, plain.email, 'nobody@example.com']) {
      for (const factor of [{}, right(), { recovery_code: account.recoveryCodes[0] }]) {
        answers.push(await post(`${t.url}/v1/login`, { email, password: 'wrong', ...factor }));
      }
    }
    for (const answer of answers) expectRefused(answer);
    expect(new Set(answers.map(({ headers }) => JSON.stringify([...headers.keys()]))).size).toBe(1);
  });

  it('another’s authenticator and another’s session are of no use', async () => {
    const attacker = await turnOn(t);
    t.clock.advance(30);
    for (const path of LOGIN_PATHS) expectRefused(await tryLogin(t, account, right(attacker), path), path);
    // With the attacker's session it is the attacker's account, and the attacker's password is asked for.
    const body = { password: PASSWORD, ...right(account) };
    expectRefused(
      await post(`${t.url}/v1/two-factor/disable`, body, bearer(attacker.token)),
      '/v1/two-factor/disable',
    );
    expect(await factorRow(t, account)).toBeDefined();
  });

  it('a stolen token neither turns it off, nor makes recovery codes, nor begins it', async () => {
    const { token } = account;
    const victim = await t.createUser();
    const plain = await login(t.url, victim.email, PASSWORD);
    for (const body of [{}, right(), { recovery_code: account.recoveryCodes[0] }]) {
      for (const route of ['disable', 'recovery-codes']) {
        expect((await post(`${t.url}/v1/two-factor/${route}`, body, bearer(token))).status).toBe(400);
      }
    }
    for (const route of ['disable', 'recovery-codes']) {
      expect(
        (await post(`${t.url}/v1/two-factor/${route}`, { password: PASSWORD }, bearer(token))).status,
      ).toBe(400);
    }
    expect((await post(`${t.url}/v1/two-factor`, {}, bearer(plain))).status).toBe(400);
    expectRefused(
      await post(`${t.url}/v1/two-factor`, { password: 'guess' }, bearer(plain)),
      '/v1/two-factor',
    );
    expect(await factorRow(t, victim)).toBeUndefined();
    expect((await factorRow(t, account))?.confirmed_at).toBeGreaterThan(0);
  });

  it.each(['GET', 'POST'])('nothing of /v1/two-factor opens without a token: %s', async (method) => {
    for (const path of ['', '/confirm', '/disable', '/recovery-codes']) {
      const { status } = await send(`${t.url}/v1/two-factor${path}`, { method });
      expect(status).toBe(method === 'GET' && path !== '' ? 405 : 401);
    }
  });

  it('it is asked for again after an administrator disabled and enabled the account', async () => {
    const accounts = t.app.get(AccountsService);
    await accounts.disable(account.email);
    for (const path of LOGIN_PATHS) expectRefused(await tryLogin(t, account, right(), path), path);
    await accounts.enable(account.email);
    expect((await tryLogin(t, account)).status).toBe(400);
    // The code of the refused login was not used.
    expect((await tryLogin(t, account, right())).status).toBe(200);
  });

  it('a new password leaves it on', async () => {
    await t.app.get(AccountsService).setPassword(account.email, 'another Password 1');
    const body = { email: account.email, password: 'another Password 1' };
    expect((await post(`${t.url}/v1/login`, body)).status).toBe(400);
    expect((await post(`${t.url}/v1/login`, { ...body, ...right() })).status).toBe(200);
  });

  it('accounts without it are asked for nothing, and their neighbours’ rows do not matter', async () => {
    const plain = await t.createUser();
    await createProtectedAccount(t);
    for (const path of LOGIN_PATHS) expect((await tryLogin(t, plain, {}, path)).status).toBe(200);
  });
});

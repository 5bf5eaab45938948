import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { post } from '../support/http.js';
import {
  createProtectedAccount,
  expectError,
  expectRefused,
  LOGIN_PATHS,
  tryLogin,
  type ProtectedAccount,
} from '../support/second-factor.js';

const NO_CODE = { code: [{ message: 'The code field is required.' }] };

let t: TestApp;
beforeAll(async () => {
  t = await startApp();
});
afterAll(() => t.close());

describe('logging in with two-factor on', () => {
  let account: ProtectedAccount;
  beforeEach(async () => {
    account = await createProtectedAccount(t);
  });
  const right = () => ({ code: account.authenticator.code(t.clock.now()) });

  it('/v1/login: success is the published one, by code or by recovery code', async () => {
    const byRecoveryCode = () => ({ recovery_code: account.recoveryCodes[0], code: '' });
    for (const factorOf of [right, byRecoveryCode, () => ({ ...right(), recovery_code: null })]) {
      const answer = await tryLogin(t, account, factorOf());
      expect(answer.status).toBe(200);
      expect(Object.keys(answer.body as object)).toEqual(['id', 'email']);
      expect(answer.headers.get('access_token')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      t.clock.advance(30);
    }
  });

  it('/api/users/auth: success is the published one, by code or by recovery code', async () => {
    for (const factor of [right(), { recovery_code: account.recoveryCodes[0] }]) {
      const { status: code, body } = await tryLogin(t, account, factor, LOGIN_PATHS[1]);
      expect({ code, body }).toEqual({
        code: 200,
        body: {
          token: expect.any(String) as unknown,
          user: { id: account.id, email: account.email, role: 'client' },
        },
      });
    }
  });

  it('/v1/login: right password, no code: 400; wrong password, whatever the code: 401', async () => {
    expectError(await tryLogin(t, account), '/v1/login', 400, 'The code field is required.', NO_CODE);
    const wrong = { email: account.email, password: 'wrong' };
    const factors = [{}, right(), { code: '000000' }, { recovery_code: account.recoveryCodes[0] }];
    for (const factor of factors) {
      expectError(
        await post(`${t.url}/v1/login`, { ...wrong, ...factor }),
        '/v1/login',
        401,
        'Unauthenticated.',
      );
    }
    expectError(
      await tryLogin(t, account, { code: account.authenticator.wrongCode(t.clock.now()) }),
      '/v1/login',
      401,
      'Unauthenticated.',
    );
  });

  it('/api/users/auth: its 401, whatever is wrong or missing', async () => {
    const wrong = { email: account.email, password: 'wrong' };
    const answers = [
      await tryLogin(t, account, {}, LOGIN_PATHS[1]),
      await tryLogin(t, account, { code: account.authenticator.wrongCode(t.clock.now()) }, LOGIN_PATHS[1]),
      await tryLogin(t, account, { recovery_code: 'aaaa-aaaa-aaaa-aaaa' }, LOGIN_PATHS[1]),
      ...(await Promise.all(
        [{}, right()].map((factor) => post(`${t.url}/api/users/auth`, { ...wrong, ...factor })),
      )),
    ];
    for (const answer of answers) {
      expectRefused(answer, LOGIN_PATHS[1]);
    }
  });

  it('the faults of a body come in the order email, password, code, recovery_code', async () => {
    const body = { recovery_code: 'x', code: 'x', password: 5, email: 'x' };
    const details = {
      email: [{ message: 'The email field must be a valid email address.' }],
      password: [{ message: 'The password field must be a string.' }],
      code: [{ message: 'The code field must be 6 digits.' }],
      recovery_code: [{ message: 'The recovery_code field must be 16 to 64 letters and digits.' }],
    };
    const sentence = 'The email field must be a valid email address.';
    expectError(await post(`${t.url}/v1/login`, body), '/v1/login', 400, sentence, details);
    const api = await post(`${t.url}/api/users/auth`, body);
    expect({ status: api.status, body: api.body }).toEqual({ status: 400, body: { message: sentence } });
  });

  it('without two-factor a code is neither asked for nor looked at', async () => {
    const plain = await t.createUser();
    for (const path of LOGIN_PATHS) {
      for (const factor of [{}, { code: '000000' }, { recovery_code: 'aaaa-aaaa-aaaa-aaaa' }]) {
        expect((await tryLogin(t, plain, factor, path)).status).toBe(200);
      }
    }
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import { expectTokenAccepted, expectTokenRefused } from '../support/refusal.js';
import { expectError, expectRefused, turnOn, tryLogin } from '../support/second-factor.js';

const NEW_PASSWORD = 'another Secur€Password';

let t: TestApp;
let email: string;
let publicId: string;
let token: string;
beforeAll(async () => {
  t = await startApp();
});
afterAll(() => t.close());
beforeEach(async () => {
  ({ email, publicId } = await t.createUser());
  token = await login(t.url, email, PASSWORD);
});

const changePassword = (body: object, as = token): Promise<Answer> =>
  send(`${t.url}/v1/password`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...bearer(as) },
    body: JSON.stringify(body),
  });
const deleteAccount = (body: object, as = token) => post(`${t.url}/v1/delete-account`, body, bearer(as));

describe('GET /v1/me', () => {
  const me = (as = token) => send(`${t.url}/v1/me`, { headers: bearer(as) });

  it('describes the caller', async () => {
    const answer = await me();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      id: publicId,
      email,
      role: 'client',
      two_factor: false,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
    });
  });

  it('is the same with a token of /api/users/auth', async () => {
    const { body } = await post(`${t.url}/api/users/auth`, { email, password: PASSWORD });
    expect((await me((body as { token: string }).token)).body).toEqual((await me()).body);
  });

  it('tells when two-factor is on', async () => {
    const owner = await turnOn(t);
    expect((await me(owner.token)).body).toMatchObject({ email: owner.email, two_factor: true });
  });
});

describe('PUT /v1/password', () => {
  const change = { current_password: PASSWORD, password: NEW_PASSWORD };

  it('sets it; the caller’s session goes on, others end', async () => {
    const other = await login(t.url, email, PASSWORD);
    const answer = await changePassword(change);
    expect([answer.status, answer.text]).toEqual([204, '']);
    await expectTokenRefused(t.url, other);
    await expectTokenAccepted(t.url, token);
    expectRefused(await tryLogin(t, { email }));
    await login(t.url, email, NEW_PASSWORD);
  });

  it('does nothing without the password of now', async () => {
    const other = await login(t.url, email, PASSWORD);
    const path = '/v1/password';
    expectError(
      await changePassword({ ...change, current_password: 'wrong' }),
      path,
      401,
      'Unauthenticated.',
    );
    await expectTokenAccepted(t.url, other);
    await login(t.url, email, PASSWORD);
  });

  it('tells every rule of the policy that the new one breaks', async () => {
    const sentences = [
      'The password field must be at least 8 characters.',
      'The password field must not be a commonly used password.',
    ];
    expectError(
      await changePassword({ ...change, password: '12345' }),
      '/v1/password',
      400,
      sentences[0] ?? '',
      {
        password: sentences.map((message) => ({ message })),
      },
    );
    expect((await changePassword({ ...change, password: email.toUpperCase() })).body).toMatchObject({
      message: 'The password field must not be the email address.',
    });
    await login(t.url, email, PASSWORD);
  });

  it('asks for both, in their order', async () => {
    expect(Object.keys(((await changePassword({})).body as { details: object }).details)).toEqual([
      'current_password',
      'password',
    ]);
  });

  it('of twenty at once, one wins', async () => {
    const tries = await Promise.all(
      Array.from({ length: 20 }, (_, i) => changePassword({ ...change, password: `${NEW_PASSWORD} ${i}` })),
    );
    const won = tries.flatMap(({ status }, i) => (status === 204 ? [i] : []));
    expect(won).toHaveLength(1);
    await login(t.url, email, `${NEW_PASSWORD} ${won[0]}`);
    await expectTokenAccepted(t.url, token);
  });
});

describe('POST /v1/delete-account', () => {
  it('deletes it: no token, no login, no name left', async () => {
    const other = await login(t.url, email, PASSWORD);
    const answer = await deleteAccount({ password: PASSWORD });
    expect([answer.status, answer.text]).toEqual([204, '']);
    await expectTokenRefused(t.url, token);
    await expectTokenRefused(t.url, other);
    expectRefused(await tryLogin(t, { email }));
    expect(await t.dataSource.query('SELECT id FROM users WHERE email = $1', [email])).toEqual([]);
  });

  it('does nothing without the password', async () => {
    expectError(await deleteAccount({ password: 'wrong' }), '/v1/delete-account', 401, 'Unauthenticated.');
    await expectTokenAccepted(t.url, token);
  });

  it('asks for the second factor where it is on', async () => {
    const owner = await turnOn(t);
    t.clock.advance(30);
    const code = owner.authenticator.code(t.clock.now());
    const wrong = owner.authenticator.wrongCode(t.clock.now());
    const path = '/v1/delete-account';
    expectError(
      await deleteAccount({ password: PASSWORD }, owner.token),
      path,
      400,
      'The code field is required.',
      {
        code: [{ message: 'The code field is required.' }],
      },
    );
    expectError(
      await deleteAccount({ password: PASSWORD, code: wrong }, owner.token),
      path,
      401,
      'Unauthenticated.',
    );
    expect((await deleteAccount({ password: PASSWORD, code }, owner.token)).status).toBe(204);
    await expectTokenRefused(t.url, owner.token);
  });

  it('during refreshes leaves no token behind that works', async () => {
    for (let round = 0; round < 20; round += 1) {
      const account = await t.createUser();
      const newest = await login(t.url, account.email, PASSWORD);
      const [deleted, ...refreshes] = await Promise.all([
        deleteAccount({ password: PASSWORD }, newest),
        ...Array.from({ length: 10 }, () => post(`${t.url}/v1/refresh-token`, undefined, bearer(newest))),
      ]);
      expect(deleted.status).toBe(204);
      for (const { status } of refreshes) expect([200, 401]).toContain(status);
      const tokens = refreshes.flatMap(({ headers }) => headers.get('access_token') ?? []);
      for (const each of new Set([newest, ...tokens])) await expectTokenRefused(t.url, each);
    }
  });
});

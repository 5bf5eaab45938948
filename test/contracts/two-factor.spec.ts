import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import {
  Authenticator,
  enrol,
  expectError,
  expectRefused,
  LOGIN_PATHS,
  triesSpent,
  tryLogin,
  turnOn,
  uuid,
} from '../support/second-factor.js';

const PATH = '/v1/two-factor';
const ON = 'Two-factor authentication is already on.';
const NOT_ON = 'Two-factor authentication is not on.';
const NOT_STARTED = 'Two-factor authentication has not been started.';
const NO_CODE = { code: [{ message: 'The code field is required.' }] };

let t: TestApp;
beforeAll(async () => {
  t = await startApp();
});
afterAll(() => t.close());

const own = (token: string, route: string, body?: unknown) => post(t.url + PATH + route, body, bearer(token));
const status = (token: string) => send(t.url + PATH, { headers: bearer(token) });

function expectSuccess(answer: Answer, code: number): void {
  expect(answer.status).toBe(code);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-request-id')).toMatch(uuid);
  expect(answer.headers.has('access_token')).toBe(false);
}

/** Asserts `{"recovery_codes":[…]}` with ten codes; the codes. */
function expectRecoveryCodes(answer: Answer): string[] {
  expectSuccess(answer, 200);
  expect(Object.keys(answer.body as object)).toEqual(['recovery_codes']);
  const { recovery_codes: codes } = answer.body as { recovery_codes: string[] };
  expect(new Set(codes).size).toBe(10);
  for (const code of codes) expect(code).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/);
  return codes;
}

describe('/v1/two-factor, from off to on to off', () => {
  let email: string;
  let token: string;
  beforeEach(async () => {
    ({ email } = await t.createUser());
    token = await login(t.url, email, PASSWORD);
  });

  it('answers as documented at each step', async () => {
    const off = { enabled: false, confirmed_at: null, recovery_codes_left: 0 };
    const before = await status(token);
    expectSuccess(before, 200);
    expect(before.text).toBe(JSON.stringify(off));
    for (const route of ['disable', 'recovery-codes']) {
      expectError(
        await own(token, `/${route}`, { password: PASSWORD, code: '000000' }),
        `${PATH}/${route}`,
        409,
        NOT_ON,
      );
    }
    expectError(await own(token, '/confirm', { code: '000000' }), `${PATH}/confirm`, 409, NOT_STARTED);

    const begun = await own(token, '', { password: PASSWORD });
    expectSuccess(begun, 201);
    expect(Object.keys(begun.body as object)).toEqual(['secret', 'otpauth_url', 'qr_code']);
    const { secret, otpauth_url: url, qr_code: picture } = begun.body as Record<string, string>;
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(url).toBe(
      `otpauth://totp/Gatehouse:${encodeURIComponent(email)}?secret=${secret}&issuer=Gatehouse&algorithm=SHA1&digits=6&period=30`,
    );
    expect(picture).toMatch(/^data:image\/svg\+xml;base64,[A-Za-z0-9+/]+=*$/);
    expect((await status(token)).text).toBe(JSON.stringify(off));

    const authenticator = new Authenticator(secret ?? '');
    expectRefused(
      await own(token, '/confirm', { code: authenticator.wrongCode(t.clock.now()) }),
      `${PATH}/confirm`,
    );
    const first = expectRecoveryCodes(
      await own(token, '/confirm', { code: authenticator.code(t.clock.now()) }),
    );
    const confirmedAt = `${new Date(t.clock.now()).toISOString().slice(0, 19)}+00:00`;
    const on = (left: number) =>
      JSON.stringify({ enabled: true, confirmed_at: confirmedAt, recovery_codes_left: left });
    expect((await status(token)).text).toBe(on(10));
    expectError(await own(token, '', { password: PASSWORD }), PATH, 409, ON);
    expectError(await own(token, '/confirm', { code: '000000' }), `${PATH}/confirm`, 409, ON);

    t.clock.advance(30);
    const full = () => ({ password: PASSWORD, code: authenticator.code(t.clock.now()) });
    const second = expectRecoveryCodes(await own(token, '/recovery-codes', full()));
    expect(second).not.toEqual(first);
    const third = expectRecoveryCodes(
      await own(token, '/recovery-codes', { password: PASSWORD, recovery_code: second[0] }),
    );
    expect((await tryLogin(t, { email }, { recovery_code: third[0] })).status).toBe(200);
    expect((await status(token)).text).toBe(on(9));

    t.clock.advance(30);
    const disabled = await own(token, '/disable', full());
    expect({ status: disabled.status, text: disabled.text }).toEqual({ status: 204, text: '' });
    expect(disabled.headers.get('x-request-id')).toMatch(uuid);
    expect((await status(token)).text).toBe(JSON.stringify(off));
    expect((await tryLogin(t, { email })).status).toBe(200);
    expectError(await own(token, '/disable', full()), `${PATH}/disable`, 409, NOT_ON);
  });

  it('turns off by a recovery code as well', async () => {
    const account = await turnOn(t);
    const body = { password: PASSWORD, recovery_code: account.recoveryCodes[0] };
    expect((await own(account.token, '/disable', body)).status).toBe(204);
  });

  it('gives another secret each time it is asked', async () => {
    const secrets = [await enrol(t, token), await enrol(t, token), await enrol(t, token)].map(
      ({ secret }) => secret,
    );
    expect(new Set(secrets).size).toBe(3);
  });

  it('refuses a wrong password with the 401 of the login', async () => {
    const account = await turnOn(t);
    const wrong = { password: 'wrong', code: '000000' };
    expectError(await own(token, '', wrong), PATH, 401, 'Unauthenticated.');
    for (const route of ['disable', 'recovery-codes']) {
      expectError(await own(account.token, `/${route}`, wrong), `${PATH}/${route}`, 401, 'Unauthenticated.');
      // Also without a code: whether it is on is no matter.
      expectError(
        await own(token, `/${route}`, { password: 'wrong' }),
        `${PATH}/${route}`,
        401,
        'Unauthenticated.',
      );
    }
    expect(await triesSpent(t, account)).toBe(0);
  });

  it('names every fault of a body, in order', async () => {
    const required = (field: string) => ({ message: `The ${field} field is required.` });
    const string = (field: string) => ({ message: `The ${field} field must be a string.` });
    const character = { message: 'The password field contains an invalid character.' };
    const digits = { message: 'The code field must be 6 digits.' };
    const letters = { message: 'The recovery_code field must be 16 to 64 letters and digits.' };
    const account = await turnOn(t);
    const cases: [
      token: string,
      route: string,
      body: unknown,
      details: Record<string, { message: string }[]>,
    ][] = [
      [token, '', {}, { password: [required('password')] }],
      [token, '', undefined, { password: [required('password')] }],
      [token, '', [], { password: [required('password')] }],
      [token, '', { password: '' }, { password: [required('password')] }],
      [token, '', { password: 5 }, { password: [string('password')] }],
      [token, '', { password: 'a\0b' }, { password: [character] }],
      [token, '/confirm', {}, { code: [required('code')] }],
      [token, '/confirm', { code: null }, { code: [required('code')] }],
      [token, '/confirm', { code: 534323 }, { code: [string('code'), digits] }],
      [token, '/confirm', { code: '53432' }, { code: [digits] }],
      [token, '/confirm', { recovery_code: 'abcd-efgh-ijkl-mnop' }, { code: [required('code')] }],
      ...['/disable', '/recovery-codes'].flatMap((route): typeof cases => [
        [account.token, route, {}, { password: [required('password')] }],
        [account.token, route, { code: '534323' }, { password: [required('password')] }],
        [account.token, route, { password: PASSWORD }, NO_CODE],
        [account.token, route, { password: PASSWORD, code: '', recovery_code: null }, NO_CODE],
        [
          account.token,
          route,
          { recovery_code: 'x', code: 5, password: true },
          { password: [string('password')], code: [string('code'), digits], recovery_code: [letters] },
        ],
      ]),
    ];
    for (const [as, route, body, details] of cases) {
      expectError(
        await own(as, route, body),
        PATH + route,
        400,
        Object.values(details)[0]?.[0]?.message ?? '',
        details,
      );
    }
    expect(await triesSpent(t, account)).toBe(0);
  });

  it('opens to no one without a token, and to its methods only', async () => {
    for (const route of ['', '/confirm', '/disable', '/recovery-codes']) {
      const message = 'Authentication credentials are required.';
      expectError(
        await post(t.url + PATH + route, { password: PASSWORD, code: '000000' }),
        PATH + route,
        401,
        message,
      );
      const wrongMethod = await send(t.url + PATH + route, { method: 'PUT' });
      expectError(wrongMethod, PATH + route, 405, 'Method Not Allowed.');
      expect(wrongMethod.headers.get('allow')?.split(', ').sort()).toEqual(
        route === '' ? ['GET', 'HEAD', 'POST'] : ['POST'],
      );
    }
    expectError(await send(t.url + PATH), PATH, 401, 'Authentication credentials are required.');
    expectError(await own(token, '/status', {}), `${PATH}/status`, 404, 'Not Found.');
  });

  it('works with a token of either contract', async () => {
    const answer = await tryLogin(t, { email }, {}, LOGIN_PATHS[1]);
    const { token: other } = answer.body as { token: string };
    const authenticator = await enrol(t, other);
    expectRecoveryCodes(await own(other, '/confirm', { code: authenticator.code(t.clock.now()) }));
    expect((await status(other)).body).toMatchObject({ enabled: true });
  });
});

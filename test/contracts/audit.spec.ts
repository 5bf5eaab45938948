import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { explanationOf } from '../../src/audit/reasons.js';
import { SweepingService } from '../../src/platform/database/sweeping.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { administrator, auditList, auditOf } from '../support/audit.js';
import { forge, take } from '../support/forgery.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import { createProtectedAccount, tryLogin, turnOn, type ProtectedAccount } from '../support/second-factor.js';
import { refresh, refreshed } from '../support/tokens.js';

let t: TestApp;
let accounts: AccountsService;
beforeAll(async () => {
  t = await startApp();
  accounts = t.app.get(AccountsService);
});
afterAll(() => t.close());

const films = (headers: Record<string, string>) => send(`${t.url}/api/films`, { headers });
const logIn = (email: string, password: string = PASSWORD, path = '/v1/login') =>
  post(t.url + path, { email, password });

/** The one refusal that the audit has of a request. */
async function refusalOf(answer: Answer) {
  const events = (await auditOf(t, answer)).filter(({ facts }) => 'code' in (facts as object));
  expect(events).toHaveLength(1);
  return events[0];
}

describe('the audit says why', () => {
  it.each(['/v1/login', '/api/users/auth'])('%s was refused, and whose account it was', async (path) => {
    const user = await t.createUser();
    const wrong = await refusalOf(await logIn(user.email, 'wrong', path));
    expect(wrong).toMatchObject({
      event: 'login.refused',
      reason: 'wrong_password',
      userId: user.id,
      publicId: user.publicId,
      actor: null,
      address: '127.0.0.1',
      facts: { method: 'POST', route: path, status: 401, code: 'credentials_rejected' },
    });
    const unknown = await refusalOf(await logIn('nobody-at-all@example.com', PASSWORD, path));
    expect(unknown).toMatchObject({ reason: 'unknown_email', userId: null, publicId: null });
    await accounts.disable(user.email);
    expect(await refusalOf(await logIn(user.email, PASSWORD, path))).toMatchObject({
      reason: 'account_disabled',
      publicId: user.publicId,
    });
    const none = await accounts.create({
      email: `none${path.length}@example.com`,
      role: 'client',
      password: null,
    });
    expect(await refusalOf(await logIn(none.email, PASSWORD, path))).toMatchObject({ reason: 'no_password' });
  });

  it('a code was refused: none, wrong, used, of a clock that is off', async () => {
    const account: ProtectedAccount = await createProtectedAccount(t);
    const code = (steps: number) => ({ code: account.authenticator.code(t.clock.now(), steps) });
    const reasonOf = async (factor: object) => refusalOf(await tryLogin(t, account, factor));
    expect(await reasonOf({})).toMatchObject({ reason: 'code_missing', userId: account.id });
    expect(await reasonOf(code(-2))).toMatchObject({ reason: 'clock_behind', facts: { steps: 2 } });
    const ahead = await reasonOf(code(10));
    expect(ahead).toMatchObject({ reason: 'clock_ahead', facts: { steps: 10 }, userId: account.id });
    expect(explanationOf(ahead ?? { reason: null, details: '{}' })?.why).toMatch(/right in 300 s/);
    expect(await reasonOf(code(11))).toMatchObject({ reason: 'wrong_code' });
    expect((await tryLogin(t, account, code(0))).status).toBe(200);
    expect(await reasonOf(code(0))).toMatchObject({ reason: 'code_used' });
    expect(await reasonOf({ recovery_code: 'aaaaaaaaaaaaaaaa' })).toMatchObject({
      reason: 'wrong_recovery_code',
    });
  });

  it('of five codes that were nearly right as of five that were not, no sixth is looked at', async () => {
    const account = await createProtectedAccount(t);
    for (let i = 0; i < 5; i += 1)
      await tryLogin(t, account, { code: account.authenticator.code(t.clock.now(), -3) });
    const right = { code: account.authenticator.code(t.clock.now()) };
    expect(await refusalOf(await tryLogin(t, account, right))).toMatchObject({ reason: 'code_budget_spent' });
  });

  it('a token was refused', async () => {
    const user = await t.createUser();
    const token = await login(t.url, user.email, PASSWORD);
    const { header, claims, segments } = take(token);
    const reasonOf = async (headers: Record<string, string>) =>
      (await refusalOf(await films(headers)))?.reason;
    expect(await reasonOf({})).toBe('token_missing');
    expect(await reasonOf({ authorization: 'Basic eDp5' })).toBe('authorization_unreadable');
    expect(await reasonOf(bearer('abc'))).toBe('token_of_no_key');
    const other = forge(segments[0], segments[1], 'another secret of somebody else, 32+');
    expect(await reasonOf(bearer(other))).toBe('signature_wrong');
    const { jwtSecret = '' } = t.config;
    const signed = (payload: object) =>
      forge(segments[0], Buffer.from(JSON.stringify(payload)).toString('base64url'), jwtSecret);
    expect(header).toBeDefined();
    expect(await reasonOf(bearer(signed({ ...claims, sid: 7 })))).toBe('claims_malformed');
    expect(await reasonOf(bearer(signed({ ...claims, aud: 'x' })))).toBe('issued_elsewhere');
    const iat = Number(claims['iat']) + 600;
    expect(await reasonOf(bearer(signed({ ...claims, iat })))).toBe('issued_in_the_future');
    t.clock.advance(3_601);
    const expired = await refusalOf(await films(bearer(token)));
    expect(expired).toMatchObject({
      event: 'request.refused',
      reason: 'token_expired',
      publicId: user.publicId,
    });
  });

  it('a refresh was refused, and that a stolen token ended the session', async () => {
    const user = await t.createUser();
    const first = await login(t.url, user.email, PASSWORD);
    await refreshed(t.url, await refreshed(t.url, first));
    const stolen = await refresh(t.url, first);
    expect(stolen.status).toBe(401);
    expect((await auditOf(t, stolen)).map(({ event, reason }) => [event, reason])).toEqual([
      ['session.token_reused', null],
      ['refresh.refused', 'token_reused'],
    ]);
    expect(await refusalOf(await films(bearer(first)))).toMatchObject({
      reason: 'session_ended',
      publicId: user.publicId,
    });
  });

  it('whoever was throttled was, and in which way', async () => {
    await t.close();
    t = await startApp({ env: { LOGIN_FAILURES_PER_DAY_PER_ACCOUNT: '100' } });
    accounts = t.app.get(AccountsService);
    const user = await t.createUser();
    for (let i = 0; i < 5; i += 1) await logIn(user.email, 'wrong');
    expect(await refusalOf(await logIn(user.email))).toMatchObject({
      event: 'login.refused',
      reason: 'account_delayed',
      publicId: user.publicId,
      facts: { status: 429 },
    });
  });

  it('nothing of a successful refresh, of a good request, or of a path that nobody serves', async () => {
    const user = await t.createUser();
    const token = await login(t.url, user.email, PASSWORD);
    const answers = [
      await refresh(t.url, token),
      await films(bearer(token)),
      await send(`${t.url}/wp-admin.php`),
      await send(`${t.url}/v1/login`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 405]);
    for (const answer of answers) expect(await auditOf(t, answer)).toEqual([]);
  });
});

describe('the audit says what was done', () => {
  it('by its owner to an account', async () => {
    const account = await turnOn(t);
    const { publicId } = await accounts.find(account.email);
    const call = (method: string, path: string, body?: object) =>
      method === 'POST'
        ? post(t.url + path, body, bearer(account.token))
        : send(t.url + path, {
            method,
            headers: { ...bearer(account.token), ...(body && { 'content-type': 'application/json' }) },
            ...(body && { body: JSON.stringify(body) }),
          });
    const [one, two] = account.recoveryCodes;
    expect((await tryLogin(t, account, { recovery_code: two })).status).toBe(200);
    await call('DELETE', '/v1/sessions');
    await call('POST', '/v1/two-factor/disable', { password: PASSWORD, recovery_code: one });
    await call('PUT', '/v1/password', { current_password: PASSWORD, password: 'another Password 1' });
    await call('POST', '/v1/logout');
    const events = (await auditList(t, { publicId }))
      .filter(({ event }) => !event.endsWith('.refused'))
      .reverse();
    expect(events.map(({ event }) => event)).toEqual([
      'account.created',
      'login.succeeded',
      ...events.map(({ event }) => event).filter((event) => event === 'two_factor.begun'),
      'two_factor.enabled',
      'login.succeeded',
      'session.others_ended',
      'two_factor.disabled',
      'account.password_changed',
      'session.ended',
    ]);
    expect(
      new Set(events.slice(1).map(({ actor, address, userId }) => `${actor} ${address} ${userId}`)),
    ).toEqual(new Set([`${publicId} 127.0.0.1 ${account.id}`]));
    expect(JSON.parse(events.find(({ event }) => event === 'login.succeeded')?.details ?? '')).toMatchObject({
      second_factor: 'none',
    });
  });

  it('from the command line, also to an account that is gone', async () => {
    const { publicId, email } = await t.createUser();
    await accounts.disable(email);
    await accounts.enable(email);
    await accounts.setRole(email, 'admin');
    await accounts.setPassword(email, 'another Password 1');
    await t.createUser('another-admin@example.com', 'admin');
    await accounts.delete(email);
    const events = await auditList(t, { publicId });
    expect(events.map(({ event }) => event)).toEqual([
      'account.deleted',
      'account.password_changed',
      'account.role_changed',
      'account.enabled',
      'account.disabled',
      'account.created',
    ]);
    expect(new Set(events.map(({ actor }) => actor))).toEqual(new Set(['command line']));
    expect(JSON.parse(events[2]?.details ?? '')).toEqual({ from: 'client', to: 'admin' });
  });

  it('not what was rolled back', async () => {
    const user = await t.createUser();
    await t.dataSource.query('ALTER TABLE sessions RENAME TO elsewhere');
    const failed = await logIn(user.email);
    await t.dataSource.query('ALTER TABLE elsewhere RENAME TO sessions');
    expect(failed.status).toBe(500);
    expect((await auditOf(t, failed)).map(({ event, reason }) => [event, reason])).toEqual([
      ['login.refused', null],
    ]);
  });

  it('to an administrator, from a day on that there is', async () => {
    const admin = await administrator(t);
    const since = (text: string) => admin.call('GET', `/audit-events?since=${text}`);
    for (const day of ['2026-02-28', '2024-02-29', '2024-02-29T23:59:59.999Z', '2026-12-31T00:00%2B00:00'])
      expect((await since(day)).status).toBe(200);
    for (const day of ['2026-02-29', '2026-02-31', '2026-02-31T00:00Z', '2026-04-31', '2026-13-01']) {
      const { status, body } = await since(day);
      expect([day, status, body]).toMatchObject([
        day,
        400,
        { message: 'The since field must be a date or a time in UTC.' },
      ]);
    }
  });

  it('for AUDIT_RETENTION_DAYS', async () => {
    const { publicId } = await t.createUser();
    const sweep = () => t.app.get(SweepingService).sweep();
    t.clock.advance(90 * 86_400 - 5);
    await sweep();
    expect(await auditList(t, { publicId })).toHaveLength(1);
    t.clock.advance(10);
    await sweep();
    expect(await auditList(t, { publicId })).toEqual([]);
  });
});

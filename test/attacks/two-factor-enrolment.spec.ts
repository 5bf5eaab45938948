import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';
import {
  Authenticator,
  createProtectedAccount,
  enrol,
  expectRefused,
  factorRow,
  LOGIN_PATHS,
  triesSpent,
  tryLogin,
  turnOn,
} from '../support/second-factor.js';

const CONFIRM = '/v1/two-factor/confirm';

/** Enrolment as a weapon: overwriting somebody's secret, doubling it, or leaving it half done. */
describe('enrolment', () => {
  let t: TestApp;
  let id: number;
  let email: string;
  let token: string;

  beforeAll(async () => {
    t = await startApp();
  });
  afterAll(() => t.close());
  beforeEach(async () => {
    ({ id, email } = await t.createUser());
    token = await login(t.url, email, PASSWORD);
  });

  const begin = (password: unknown = PASSWORD, as = token) =>
    post(`${t.url}/v1/two-factor`, { password }, bearer(as));
  const confirm = (authenticator: Authenticator, as = token) =>
    post(t.url + CONFIRM, { code: authenticator.code(t.clock.now()) }, bearer(as));
  const isOn = async (as = token) =>
    ((await send(`${t.url}/v1/two-factor`, { headers: bearer(as) })).body as { enabled: boolean }).enabled;

  it('twenty at once leave one usable secret', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => begin()));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    const secrets = answers.map(({ body }) => (body as { secret: string }).secret);
    expect(new Set(secrets).size).toBe(20);
    const rows: unknown[] = await t.dataSource.query('SELECT user_id FROM two_factor WHERE user_id = $1', [
      id,
    ]);
    expect(rows).toHaveLength(1);
    const results: number[] = [];
    for (const secret of secrets) {
      const { status } = await confirm(new Authenticator(secret));
      results.push(status);
      // Which of them it is, only trying tells, and there are five tries in 15 minutes.
      if ((await triesSpent(t, { id })) === 5) t.clock.advance(15 * 60);
      if (status === 200) break;
    }
    expect(results.filter((status) => status === 200)).toHaveLength(1);
    expect(results.at(-1)).toBe(200);
  });

  it('asking again voids the secret before', async () => {
    const first = await enrol(t, token);
    const second = await enrol(t, token);
    expectRefused(await confirm(first), CONFIRM);
    expect((await confirm(second)).status).toBe(200);
  });

  it('cannot replace a secret that is on, with the right password neither', async () => {
    const account = await turnOn(t);
    const before = await factorRow(t, account);
    const answers = await Promise.all(Array.from({ length: 20 }, () => begin(PASSWORD, account.token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(409));
    expect(await factorRow(t, account)).toEqual(before);
    t.clock.advance(30);
    expect((await tryLogin(t, account, { code: account.authenticator.code(t.clock.now()) })).status).toBe(
      200,
    );
  });

  it.each(['wrong', PASSWORD.toUpperCase(), ` ${PASSWORD}`])('needs the password: %j', async (password) => {
    const authenticator = await enrol(t, token);
    expectRefused(await begin(password), '/v1/two-factor');
    // What was begun before is as it was.
    expect((await confirm(authenticator)).status).toBe(200);
    // And it does not tell whether it is on.
    expectRefused(await begin(password), '/v1/two-factor');
  });

  it('needs a session of that account: another’s cannot confirm it', async () => {
    const authenticator = await enrol(t, token);
    const stranger = await login(t.url, (await t.createUser()).email, PASSWORD);
    expect((await confirm(authenticator, stranger)).status).toBe(409);
    expect(await isOn()).toBe(false);
    expect((await confirm(authenticator)).status).toBe(200);
  });

  it('twenty confirmations at once turn it on once, and its ten recovery codes are those that were shown', async () => {
    const authenticator = await enrol(t, token);
    const answers = await Promise.all(Array.from({ length: 20 }, () => confirm(authenticator)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(409)]);
    const shown = answers.flatMap(({ body }) => (body as { recovery_codes?: string[] }).recovery_codes ?? []);
    expect(shown).toHaveLength(10);
    for (const recoveryCode of shown) {
      expect((await tryLogin(t, { email }, { recovery_code: recoveryCode })).status).toBe(200);
    }
    expect(await triesSpent(t, { id })).toBe(0);
  });

  it('again and again while somebody confirms: what is on is what was confirmed', async () => {
    const authenticator = await enrol(t, token);
    const [confirmed, ...begun] = await Promise.all([
      confirm(authenticator),
      ...Array.from({ length: 10 }, () => begin()),
    ]);
    const wasFirst = confirmed.status === 200;
    expect(begun.filter(({ status }) => status !== 201 && status !== 409)).toEqual([]);
    expect(await isOn()).toBe(wasFirst);
    t.clock.advance(30);
    const code = authenticator.code(t.clock.now());
    if (wasFirst) expect((await tryLogin(t, { email }, { code })).status).toBe(200);
    else expect((await tryLogin(t, { email })).status).toBe(200);
  });

  it('left half done never locks anybody out, and asks for nothing', async () => {
    const authenticator = await enrol(t, token);
    for (const path of LOGIN_PATHS) {
      expect((await tryLogin(t, { email }, {}, path)).status).toBe(200);
      // A code is not asked for, and one that is sent is not looked at.
      expect(
        (await tryLogin(t, { email }, { code: authenticator.wrongCode(t.clock.now()) }, path)).status,
      ).toBe(200);
    }
    expect(await isOn()).toBe(false);
    expect(await triesSpent(t, { id })).toBe(0);
    t.clock.advance(86_400);
    for (const path of LOGIN_PATHS) expect((await tryLogin(t, { email }, {}, path)).status).toBe(200);
  });

  it.each(['disable', 'recovery-codes'])('left half done opens nothing: %s', async (route) => {
    const authenticator = await enrol(t, token);
    const body = { password: PASSWORD, code: authenticator.code(t.clock.now()) };
    expect((await post(`${t.url}/v1/two-factor/${route}`, body, bearer(token))).status).toBe(409);
    expect((await confirm(authenticator)).status).toBe(200);
  });

  it('of a disabled account, or after its password changed, is refused', async () => {
    const accounts = t.app.get(AccountsService);
    const authenticator = await enrol(t, token);
    await accounts.setPassword(email, 'another Password 1');
    for (const answer of [await begin(), await confirm(authenticator)]) expect(answer.status).toBe(401);
    token =
      (await post(`${t.url}/v1/login`, { email, password: 'another Password 1' })).headers.get(
        'access_token',
      ) ?? '';
    expectRefused(await begin(), '/v1/two-factor');
    await accounts.disable(email);
    for (const answer of [await begin('another Password 1'), await confirm(authenticator)])
      expect(answer.status).toBe(401);
    expect((await factorRow(t, { id }))?.confirmed_at).toBeNull();
  });

  it('after it was turned off begins anew: neither old codes nor old recovery codes are good', async () => {
    const account = await turnOn(t);
    t.clock.advance(30);
    const proof = { password: PASSWORD, code: account.authenticator.code(t.clock.now()) };
    expect((await post(`${t.url}/v1/two-factor/disable`, proof, bearer(account.token))).status).toBe(204);
    expect((await tryLogin(t, account)).status).toBe(200);
    const authenticator = await enrol(t, account.token);
    expect(authenticator.secret).not.toBe(account.authenticator.secret);
    expectRefused(await confirm(account.authenticator, account.token), CONFIRM);
    expect((await confirm(authenticator, account.token)).status).toBe(200);
    t.clock.advance(30);
    expectRefused(await tryLogin(t, account, { code: account.authenticator.code(t.clock.now()) }));
    expectRefused(await tryLogin(t, account, { recovery_code: account.recoveryCodes[0] }));
    expect((await tryLogin(t, account, { code: authenticator.code(t.clock.now()) })).status).toBe(200);
  });

  it('goes with its account', async () => {
    const account = await createProtectedAccount(t);
    await t.app.get(AccountsService).delete(account.email);
    expect(await factorRow(t, account)).toBeUndefined();
    const left: unknown[] = await t.dataSource.query('SELECT 1 FROM recovery_codes WHERE user_id = $1', [
      account.id,
    ]);
    expect(left).toEqual([]);
    await t.createUser(account.email);
    expect((await tryLogin(t, account)).status).toBe(200);
  });
});

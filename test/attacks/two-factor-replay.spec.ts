import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, post } from '../support/http.js';
import {
  createProtectedAccount,
  expectRefused,
  factorRow,
  LOGIN_PATHS,
  reasons,
  triesSpent,
  tryLogin,
  turnOn,
} from '../support/second-factor.js';

/** A code that was seen, on a screen, over a shoulder or on a forged page, and used before its 30 s were over. */
describe('a used code', () => {
  let database: TestDatabase;
  let t: TestApp;

  beforeEach(async () => {
    database = await createDatabase();
    t = await startApp({ database, env: { TOTP_WINDOW_STEPS: '2' } });
  });
  afterEach(async () => {
    await t.close();
    await database.drop();
  });

  const restart = async () => {
    const then = t.clock.now();
    await t.close();
    t = await startApp({ database, env: { TOTP_WINDOW_STEPS: '2' } });
    t.clock.advance((then - t.clock.now()) / 1000);
  };

  it.each(LOGIN_PATHS.flatMap((first) => LOGIN_PATHS.map((second) => [first, second] as const)))(
    'of %s is refused at %s',
    async (first, second) => {
      const account = await createProtectedAccount(t);
      const code = account.authenticator.code(t.clock.now());
      expect((await tryLogin(t, account, { code }, first)).status).toBe(200);
      for (let i = 0; i < 6; i += 1) expectRefused(await tryLogin(t, account, { code }, second), second);
      expect(reasons(t)).toEqual(Array(6).fill('code_used'));
      // Its owner clicking twice is no guess.
      expect(await triesSpent(t, account)).toBe(0);
    },
  );

  it('is refused at login where it confirmed the enrolment', async () => {
    const account = await turnOn(t);
    const code = account.authenticator.code(t.clock.now());
    for (const path of LOGIN_PATHS) expectRefused(await tryLogin(t, account, { code }, path), path);
    expect(reasons(t)).toEqual(['code_used', 'code_used']);
  });

  it.each(['disable', 'recovery-codes'])(
    'of a login is refused at /v1/two-factor/%s, and the other way round',
    async (route) => {
      const account = await turnOn(t);
      const path = `/v1/two-factor/${route}`;
      const call = (code: string) => post(t.url + path, { password: PASSWORD, code }, bearer(account.token));
      const now = t.clock.now();
      expectRefused(await call(account.authenticator.code(now)), path);
      expect((await tryLogin(t, account, { code: account.authenticator.code(now, 1) })).status).toBe(200);
      expectRefused(await call(account.authenticator.code(now, 1)), path);
      expect((await call(account.authenticator.code(now, 2))).status).toBeLessThan(300);
      if (route === 'recovery-codes')
        expectRefused(await tryLogin(t, account, { code: account.authenticator.code(now, 2) }));
    },
  );

  it('takes every earlier one with it, for good', async () => {
    const account = await createProtectedAccount(t);
    const now = t.clock.now();
    const show = (steps: number) => ({ code: account.authenticator.code(now, steps) });
    expect((await tryLogin(t, account, show(1))).status).toBe(200);
    for (const steps of [-2, -1, 0, 1]) expectRefused(await tryLogin(t, account, show(steps)));
    expect((await tryLogin(t, account, show(2))).status).toBe(200);
    t.clock.advance(60);
    for (const steps of [0, 1, 2]) expectRefused(await tryLogin(t, account, show(steps)));
    expect((await tryLogin(t, account, show(3))).status).toBe(200);
    expect(reasons(t)).toEqual(Array(7).fill('code_used'));
  });

  it('stays used after a restart', async () => {
    const account = await createProtectedAccount(t);
    const code = account.authenticator.code(t.clock.now());
    expect((await tryLogin(t, account, { code })).status).toBe(200);
    await restart();
    for (const path of LOGIN_PATHS) expectRefused(await tryLogin(t, account, { code }, path), path);
    expect(reasons(t)).toEqual(['code_used', 'code_used']);
  });

  it('stays used when the clock jumps back, as do all codes until it has caught up', async () => {
    const account = await createProtectedAccount(t);
    const now = t.clock.now();
    expect((await tryLogin(t, account, { code: account.authenticator.code(now) })).status).toBe(200);
    for (const seconds of [30, 60, 600, 86_400]) {
      t.clock.advance(-seconds);
      await restart();
      for (const steps of [-1, 0, 1]) {
        expectRefused(
          await tryLogin(t, account, { code: account.authenticator.code(t.clock.now(), steps - 1) }),
        );
      }
      t.clock.advance(seconds);
    }
    expect(await triesSpent(t, account)).toBe(0);
    // The way in while the clock is wrong.
    t.clock.advance(-3600);
    expect((await tryLogin(t, account, { recovery_code: account.recoveryCodes[0] })).status).toBe(200);
    t.clock.advance(3630);
    expect((await tryLogin(t, account, { code: account.authenticator.code(now, 1) })).status).toBe(200);
  });

  it('is not used up by a login with a wrong password, nor by one that our side could not finish', async () => {
    const account = await createProtectedAccount(t);
    const factor = { code: account.authenticator.code(t.clock.now()) };
    expectRefused(await post(`${t.url}/v1/login`, { email: account.email, password: 'wrong', ...factor }));
    await t.dataSource.query('ALTER TABLE sessions RENAME TO sessions_elsewhere');
    const recovery = { recovery_code: account.recoveryCodes[0] };
    for (const path of LOGIN_PATHS) {
      expect((await tryLogin(t, account, factor, path)).status).toBe(500);
      expect((await tryLogin(t, account, recovery, path)).status).toBe(500);
    }
    await t.dataSource.query('ALTER TABLE sessions_elsewhere RENAME TO sessions');
    expect(await factorRow(t, account)).toMatchObject({ failed_codes: 0, last_used_step: null });
    expect((await tryLogin(t, account, factor)).status).toBe(200);
    expect((await tryLogin(t, account, recovery)).status).toBe(200);
  });
});

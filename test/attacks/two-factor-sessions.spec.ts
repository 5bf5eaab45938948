import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post } from '../support/http.js';
import { startProcess } from '../support/process.js';
import {
  enrol,
  factorRow,
  LOGIN_PATHS,
  tryLogin,
  turnOn,
  type ProtectedAccount,
} from '../support/second-factor.js';
import { guarded, refresh } from '../support/tokens.js';

let t: TestApp;
let account: ProtectedAccount & { token: string };
beforeAll(async () => {
  t = await startApp();
});
afterAll(() => t.close());
beforeEach(async () => {
  account = await turnOn(t);
  t.clock.advance(30);
});
const right = () => ({ code: account.authenticator.code(t.clock.now()) });

/** Whoever was in by the password alone is out as soon as two-factor is on; whoever turns it on or off stays. */
describe('sessions from before two-factor was turned on, off or reset', () => {
  const sessionsOf = async (email: string) => [
    await login(t.url, email, PASSWORD),
    ((await tryLogin(t, { email }, {}, LOGIN_PATHS[1])).body as { token: string }).token,
  ];
  const expectEnded = async (tokens: string[]) => {
    for (const token of tokens) {
      expect(await guarded(t.url, token)).toBe(401);
      expect((await refresh(t.url, token)).status).toBe(401);
    }
  };

  it('end as it is turned on, all but the one it is done in', async () => {
    const { email } = await t.createUser();
    const others = await sessionsOf(email);
    const token = await login(t.url, email, PASSWORD);
    const authenticator = await enrol(t, token);
    for (const other of others) expect(await guarded(t.url, other)).toBe(200);
    const code = authenticator.code(t.clock.now());
    expect((await post(`${t.url}/v1/two-factor/confirm`, { code }, bearer(token))).status).toBe(200);
    await expectEnded(others);
    expect(await guarded(t.url, token)).toBe(200);
    expect((await refresh(t.url, token)).status).toBe(200);
  });

  it('end as it is turned off, all but the one it is done in', async () => {
    const other =
      (await tryLogin(t, account, { recovery_code: account.recoveryCodes[0] })).headers.get('access_token') ??
      '';
    const body = { password: PASSWORD, ...right() };
    expect((await post(`${t.url}/v1/two-factor/disable`, body, bearer(account.token))).status).toBe(204);
    await expectEnded([other]);
    expect(await guarded(t.url, account.token)).toBe(200);
  });

  it('stay where turning it on or off was refused', async () => {
    const other =
      (await tryLogin(t, account, { recovery_code: account.recoveryCodes[0] })).headers.get('access_token') ??
      '';
    const wrong = { password: PASSWORD, code: account.authenticator.wrongCode(t.clock.now()) };
    expect((await post(`${t.url}/v1/two-factor/disable`, wrong, bearer(account.token))).status).toBe(401);
    expect(await guarded(t.url, other)).toBe(200);
  });

  it('end, every one, as an administrator resets it, and the password alone opens again', async () => {
    const other =
      (await tryLogin(t, account, { recovery_code: account.recoveryCodes[0] })).headers.get('access_token') ??
      '';
    const accounts = t.app.get(AccountsService);
    expect((await accounts.resetTwoFactor(account.email)).wasOn).toBe(true);
    await expectEnded([other, account.token]);
    expect(await factorRow(t, account)).toBeUndefined();
    const rows: unknown[] = await t.dataSource.query('SELECT 1 FROM recovery_codes WHERE user_id = $1', [
      account.id,
    ]);
    expect(rows).toEqual([]);
    const token = await login(t.url, account.email, PASSWORD);
    // Nothing to reset: nothing ends.
    expect((await accounts.resetTwoFactor(account.email)).wasOn).toBe(false);
    expect(await guarded(t.url, token)).toBe(200);
    // Nor where it was begun and never turned on; that is forgotten all the same.
    await enrol(t, token);
    expect((await accounts.resetTwoFactor(account.email)).wasOn).toBe(false);
    expect(await guarded(t.url, token)).toBe(200);
    expect(await factorRow(t, account)).toBeUndefined();
  });

  it('end on other instances too', async () => {
    // A process has the real time.
    t.clock.advance((Date.now() - t.clock.now()) / 1000);
    const elsewhere = await startProcess(t.database, { REVOCATION_POLL_MS: '200' });
    try {
      const { email } = await t.createUser();
      const others = await sessionsOf(email);
      for (const other of others) expect(await guarded(elsewhere.url, other)).toBe(200);
      const token = await login(t.url, email, PASSWORD);
      const authenticator = await enrol(t, token);
      await post(
        `${t.url}/v1/two-factor/confirm`,
        { code: authenticator.code(t.clock.now()) },
        bearer(token),
      );
      // From the next request on it asks for a code there; revocations come with the next poll.
      expect((await tryLogin(elsewhere, { email })).status).toBe(400);
      const deadline = Date.now() + 10_000;
      while ((await guarded(elsewhere.url, others[1] ?? '')) === 200 && Date.now() < deadline);
      for (const other of others) expect(await guarded(elsewhere.url, other)).toBe(401);
    } finally {
      await elsewhere.end();
    }
  });

  it('cannot slip in while it is being turned on', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { email } = await t.createUser();
      const token = await login(t.url, email, PASSWORD);
      const authenticator = await enrol(t, token);
      // They come without a pause, the first before it is on, the last when it is: until each is asked for a code.
      const tokens: string[] = [];
      const comeIn = async () => {
        for (let i = 0; i < 50; i += 1) {
          const answer = await tryLogin(t, { email });
          if (answer.status !== 200) return answer.status;
          tokens.push(answer.headers.get('access_token') ?? '');
        }
        return 'never asked for a code';
      };
      const logins = Array.from({ length: 16 }, comeIn);
      tokens.push(await login(t.url, email, PASSWORD));
      const code = authenticator.code(t.clock.now());
      const confirmed = await post(`${t.url}/v1/two-factor/confirm`, { code }, bearer(token));
      expect(confirmed.status).toBe(200);
      expect(new Set(await Promise.all(logins))).toEqual(new Set([400]));
      await expectEnded(tokens);
      expect(await guarded(t.url, token)).toBe(200);
    }
  });
});

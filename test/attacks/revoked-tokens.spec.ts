import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';
import { startProcess } from '../support/process.js';
import { claimsOf, guarded, refresh, refreshed } from '../support/tokens.js';

/** A signed, unexpired token whose session is over: it opens nothing and refreshes to nothing, from the very next request. */
describe('tokens of ended sessions', () => {
  let t: TestApp;
  let accounts: AccountsService;
  let email: string;
  let token: string;

  beforeAll(async () => {
    t = await startApp({ env: { MAX_SESSIONS_PER_USER: '3', REVOCATION_POLL_MS: '2000' } });
    accounts = t.app.get(AccountsService);
  });
  afterAll(() => t.close());
  beforeEach(async () => {
    ({ email } = await t.createUser());
    token = await login(t.url, email, PASSWORD);
    expect(await guarded(t.url, token)).toBe(200);
  });

  const expectRefused = async (...tokens: string[]) => {
    for (const each of tokens) {
      expect(await guarded(t.url, each)).toBe(401);
      expect((await refresh(t.url, each)).status).toBe(401);
    }
  };
  const sidOf = (each: string) => String(claimsOf(each)['sid']);
  const call = (method: string, path: string, as = token) =>
    send(`${t.url}${path}`, { method, headers: bearer(as) });

  it.each<[string, () => Promise<unknown>]>([
    ['POST /v1/logout', () => post(`${t.url}/v1/logout`, undefined, bearer(token))],
    ['DELETE /v1/sessions/{id}', () => call('DELETE', `/v1/sessions/${sidOf(token)}`)],
    ['a new password', () => accounts.setPassword(email, 'another Password 1')],
    ['disabling the account', () => accounts.disable(email)],
    ['deleting the account', () => accounts.delete(email)],
    ['a new role', () => accounts.setRole(email, 'admin')],
  ])('%s', async (_, end) => {
    const parent = token;
    const child = await refreshed(t.url, parent);
    token = child;
    await end();
    await expectRefused(parent, child);
  });

  it('stay refused after the account is enabled again', async () => {
    await accounts.disable(email);
    await accounts.enable(email);
    await expectRefused(token);
    expect(await guarded(t.url, await login(t.url, email, PASSWORD))).toBe(200);
  });

  it('stay refused after a restart', async () => {
    await post(`${t.url}/v1/logout`, undefined, bearer(token));
    const restarted = await startProcess(t.database);
    try {
      expect(await guarded(restarted.url, token)).toBe(401);
    } finally {
      await restarted.end();
    }
  });

  it('DELETE /v1/sessions ends the others and keeps the caller’s', async () => {
    const others = [await login(t.url, email, PASSWORD), await login(t.url, email, PASSWORD)];
    expect((await call('DELETE', '/v1/sessions')).status).toBe(204);
    await expectRefused(...others);
    expect(await guarded(t.url, token)).toBe(200);
  });

  it('a login beyond the limit ends the session refreshed longest ago', async () => {
    t.clock.advance(1);
    const second = await login(t.url, email, PASSWORD);
    t.clock.advance(1);
    const newest = await login(t.url, email, PASSWORD);
    t.clock.advance(1);
    const kept = await refreshed(t.url, token);
    const fourth = await login(t.url, email, PASSWORD);
    await expectRefused(second);
    for (const each of [kept, newest, fourth]) expect(await guarded(t.url, each)).toBe(200);
  });

  it('somebody else’s session cannot be ended, nor told from one that does not exist', async () => {
    const stranger = await login(t.url, (await t.createUser()).email, PASSWORD);
    const theirs = await call('DELETE', `/v1/sessions/${sidOf(stranger)}`);
    const none = await call('DELETE', `/v1/sessions/${sidOf(token).slice(0, 9)}AAAAAAAAAAAAAAAAAAAAAA`);
    expect([theirs.status, none.status]).toEqual([404, 404]);
    expect(await guarded(t.url, stranger)).toBe(200);
  });

  it('GET /v1/sessions shows the caller’s sessions and no one else’s', async () => {
    await t.createUser().then((stranger) => login(t.url, stranger.email, PASSWORD));
    t.clock.advance(60);
    const answer = await send(`${t.url}/v1/sessions`, {
      headers: { ...bearer(await login(t.url, email, PASSWORD)), 'user-agent': 'Test/1.0' },
    });
    const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/;
    const { sessions } = answer.body as { sessions: Record<string, unknown>[] };
    expect(sessions.map(({ current }) => current)).toEqual([true, false]);
    expect(sessions[1]).toEqual({
      id: sidOf(token),
      created_at: expect.stringMatching(form) as unknown,
      refreshed_at: expect.stringMatching(form) as unknown,
      address: '127.0.0.1',
      user_agent: 'node',
      current: false,
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('are refused on an instance that did not hear of it by itself, once it has polled', async () => {
    const other = await startProcess(t.database);
    try {
      token = await login(other.url, email, PASSWORD);
      expect(await guarded(other.url, token)).toBe(200);
      await post(`${t.url}/v1/logout`, undefined, bearer(token));
      const deadline = Date.now() + 2_000;
      while ((await guarded(other.url, token)) === 200 && Date.now() < deadline);
      expect(await guarded(other.url, token)).toBe(401);
    } finally {
      await other.end();
    }
  });

  it('an instance that cannot read revocations for too long lets nobody in, and recovers alone', async () => {
    t.clock.stall(31);
    const answer = await send(`${t.url}/v1/sessions`, { headers: bearer(token) });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect((await refresh(t.url, token)).status).toBe(500);
    const deadline = Date.now() + 5_000;
    while ((await guarded(t.url, token)) === 503 && Date.now() < deadline);
    expect(await guarded(t.url, token)).toBe(200);
  });
});

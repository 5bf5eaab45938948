import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login } from '../support/http.js';
import { claimsOf, guarded, refresh, refreshed } from '../support/tokens.js';

/** Presented again, a used token is either a client that missed an answer or a thief: the grace tells them apart. */
describe('reuse of a refreshed token', () => {
  let t: TestApp;
  let email: string;
  let first: string;

  beforeAll(async () => {
    t = await startApp({ env: { SESSION_TTL_SECONDS: '86400' } });
  });
  afterAll(() => t.close());
  beforeEach(async () => {
    ({ email } = await t.createUser());
    first = await login(t.url, email, PASSWORD);
  });

  const expectEnded = async (...tokens: string[]) => {
    for (const token of tokens) {
      expect(await guarded(t.url, token)).toBe(401);
      expect((await refresh(t.url, token)).status).toBe(401);
    }
  };

  it('gives the parent the same successor, byte for byte, within the grace (a lost response)', async () => {
    const second = await refreshed(t.url, first);
    t.clock.advance(30);
    expect(await refreshed(t.url, first)).toBe(second);
    expect(await refreshed(t.url, first)).toBe(second);
    expect(await guarded(t.url, second)).toBe(200);
  });

  it('does not renew the grace by using it', async () => {
    await refreshed(t.url, first);
    t.clock.advance(20);
    await refreshed(t.url, first);
    t.clock.advance(11);
    expect((await refresh(t.url, first)).status).toBe(401);
  });

  it('ends the session where the parent comes after the grace', async () => {
    const second = await refreshed(t.url, first);
    t.clock.advance(31);
    expect((await refresh(t.url, first)).status).toBe(401);
    await expectEnded(first, second);
  });

  it('ends the session where a grandparent comes, even within the grace', async () => {
    const second = await refreshed(t.url, first);
    const third = await refreshed(t.url, second);
    expect((await refresh(t.url, first)).status).toBe(401);
    await expectEnded(first, second, third);
    expect(t.logs).toContainEqual(
      expect.objectContaining({
        msg: 'a used token was presented again: session ended',
        user: claimsOf(first)['sid']?.toString().slice(0, 8),
      }),
    );
  });

  it('gives the child its own successor while the parent is within the grace', async () => {
    const second = await refreshed(t.url, first);
    const third = await refreshed(t.url, second);
    expect(await refreshed(t.url, second)).toBe(third);
    expect(await guarded(t.url, third)).toBe(200);
  });

  it('leaves the account’s other devices alone', async () => {
    const other = await login(t.url, email, PASSWORD);
    const second = await refreshed(t.url, first);
    t.clock.advance(31);
    await refresh(t.url, first);
    await expectEnded(second);
    expect(await guarded(t.url, await refreshed(t.url, other))).toBe(200);
  });

  it('keeps every token under the session’s absolute end, and refreshes none past it', async () => {
    const end = Number(claimsOf(first)['iat']) + 86_400;
    let token = first;
    for (let hours = 0; hours < 23; hours += 1) {
      t.clock.advance(3_590);
      token = await refreshed(t.url, token);
      expect(claimsOf(token)['exp']).toBeLessThanOrEqual(end);
    }
    t.clock.advance(3_590);
    const last = await refreshed(t.url, token);
    expect(claimsOf(last)['exp']).toBe(end);
    t.clock.advance(end - Math.floor(t.clock.now() / 1000));
    await expectEnded(last);
  });

  it('refuses an expired token, and does not take it for a theft', async () => {
    const second = await refreshed(t.url, first);
    t.clock.advance(3_599);
    const third = await refreshed(t.url, second);
    t.clock.advance(2);
    expect((await refresh(t.url, second)).status).toBe(401);
    expect(await guarded(t.url, third)).toBe(200);
  });
});

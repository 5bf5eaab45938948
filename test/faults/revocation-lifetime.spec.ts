import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SweepingService } from '../../src/platform/database/sweeping.service.js';
import { RevocationsService } from '../../src/sessions/revocations.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post } from '../support/http.js';
import { claimsOf, guarded, refreshed } from '../support/tokens.js';

/** A revocation may be forgotten only when nothing can make one of its tokens good again. */
describe('a revocation outlasts its tokens', () => {
  let t: TestApp;
  let token: string;
  const others: TestApp[] = [];

  const startOther = async (env: Record<string, string> = {}) => {
    const other = await startApp({ env, database: t.database });
    others.push(other);
    return other;
  };
  const logOut = async (of: TestApp, as: string) =>
    expect((await post(`${of.url}/v1/logout`, undefined, bearer(as))).status).toBe(204);
  /** What every instance does from time to time. */
  const keepHouse = async ({ app }: TestApp) => {
    await app.get(SweepingService).sweep();
    await app.get(RevocationsService).poll();
  };

  beforeEach(async () => {
    t = await startApp({ env: { ACCESS_TOKEN_TTL_SECONDS: '600', REVOCATION_POLL_MS: '10000' } });
    token = await login(t.url, (await t.createUser()).email, PASSWORD);
  });
  afterEach(async () => {
    for (const other of others.splice(0)) await other.close();
    await t.close();
  });

  it('when a clock is put forward by an hour, and back', async () => {
    await logOut(t, token);
    // Not the newest row, which stays for another reason.
    await logOut(t, await login(t.url, (await t.createUser()).email, PASSWORD));
    t.clock.advance(3_600);
    await keepHouse(t);
    t.clock.advance(-3_600);
    expect(await guarded(t.url, token)).toBe(401);
    // And for one that starts now, and has only the table to know from.
    const restarted = await startOther();
    expect(await guarded(restarted.url, token)).toBe(401);
  });

  it('when the lifetime of tokens was raised between a rotation and its repetition', async () => {
    const child = await refreshed(t.url, token);
    const longer = await startOther({ ACCESS_TOKEN_TTL_SECONDS: '86400' });
    const repeated = await refreshed(longer.url, token);
    expect(repeated).toBe(child);
    const lastsUntil = Number(claimsOf(repeated)['exp']);
    await logOut(longer, repeated);
    await logOut(longer, await login(t.url, (await t.createUser()).email, PASSWORD));
    for (let hours = 0; hours < 24; hours += 1) {
      longer.clock.advance(3_600);
      await keepHouse(longer);
      expect(await guarded(longer.url, repeated)).toBe(401);
    }
    expect(lastsUntil * 1000).toBeLessThan(longer.clock.now());
  });
});

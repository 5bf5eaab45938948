import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post } from '../support/http.js';
import { startProcess, TEST_ENV, type ServerProcess } from '../support/process.js';
import { rounds } from '../support/scope.js';
import { guarded, refresh } from '../support/tokens.js';

const STALENESS_SECONDS = 2;

describe('a logout on one process, and what another does at the same moment', () => {
  let database: TestDatabase;
  let here: ServerProcess;
  let there: ServerProcess;

  beforeAll(async () => {
    database = await createDatabase();
    const env = { REVOCATION_POLL_MS: '500', REVOCATION_MAX_STALENESS_SECONDS: String(STALENESS_SECONDS) };
    here = await startProcess(database, env);
    there = await startProcess(database, env);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([here.end(), there.end()]);
    await database.drop();
  });

  const signIn = () => login(there.url, 'admin@example.com', TEST_ENV.BOOTSTRAP_ADMIN_PASSWORD);

  it('refreshes that race it give nothing that lasts, and none succeeds after it', async () => {
    const obtained: string[] = [];
    for (let round = 0; round < rounds(10, 200); round += 1) {
      let token = await signIn();
      const first = token;
      let isOver = false;
      const refreshing = (async () => {
        for (;;) {
          const beganAfter = isOver;
          const answer = await refresh(there.url, token);
          if (answer.status === 401) return;
          expect([answer.status, beganAfter]).toEqual([200, false]);
          token = (answer.body as { access_token: string }).access_token;
          obtained.push(token);
        }
      })();
      await sleep(round % 10);
      // Any token of the session ends it, also one that was refreshed since.
      const { status } = await post(`${here.url}/v1/logout`, undefined, bearer(first));
      expect(status).toBe(204);
      isOver = true;
      await refreshing;
    }
    await sleep(2_000);
    expect(obtained.length).toBeGreaterThan(0);
    for (const token of obtained) {
      expect([await guarded(here.url, token), await guarded(there.url, token)]).toEqual([401, 401]);
      expect((await refresh(there.url, token)).status).toBe(401);
    }
  }, 300_000);

  it('a process that was suspended for longer than the bound says no old yes when it wakes', async () => {
    for (let round = 0; round < rounds(1, 10); round += 1) {
      const token = await signIn();
      expect(await guarded(there.url, token)).toBe(200);
      there.child.kill('SIGSTOP');
      try {
        expect((await post(`${here.url}/v1/logout`, undefined, bearer(token))).status).toBe(204);
        // They lie in its sockets when it wakes, in front of any poll.
        const waiting = Array.from({ length: 20 }, () => guarded(there.url, token));
        await sleep((STALENESS_SECONDS + 0.5) * 1_000);
        there.child.kill('SIGCONT');
        for (const status of await Promise.all(waiting)) expect([401, 503]).toContain(status);
      } finally {
        there.child.kill('SIGCONT');
      }
    }
  }, 120_000);
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatehouseJson } from '../commands/gatehouse.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import { eventually } from '../support/keys.js';
import { Ledger } from '../support/ledger.js';
import { hasPostgres, PostgresServer } from '../support/postgres.js';
import { startProcess } from '../support/process.js';
import { rounds } from '../support/scope.js';
import { guarded, refresh, refreshed } from '../support/tokens.js';

const isPossible = hasPostgres && process.env['TEST_DATABASE_URL'] !== undefined;
if (!isPossible) console.info('a PostgreSQL of its own: needs its programs, and TEST_DATABASE_URL; skipped');

(isPossible ? describe : describe.skip)('a PostgreSQL server whose processes are held', () => {
  let postgres: PostgresServer;
  let t: TestApp;
  let email: string;
  let token: string;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    t = await startApp({ database: postgres.database });
    ({ email } = await t.createUser());
    token = await login(t.url, email, PASSWORD);
  }, 60_000);
  afterAll(async () => {
    postgres.resume();
    await t.close();
    await postgres.remove();
  });

  const requests = (): Promise<Answer>[] => [
    post(`${t.url}/v1/login`, { email, password: PASSWORD }),
    refresh(t.url, token),
    post(`${t.url}/v1/logout`, undefined, bearer(token)),
    send(`${t.url}/v1/sessions`, { headers: bearer(token) }),
    send(`${t.url}/api/films`, { headers: bearer(token) }),
  ];

  it('is answered for within 2 s, by more requests than there are connections, and it recovers alone', async () => {
    postgres.hold();
    let slowest = 0;
    const timed = async (asking: Promise<Answer>) => {
      const startedAt = performance.now();
      const answer = await asking;
      slowest = Math.max(slowest, performance.now() - startedAt);
      return answer;
    };
    // Some come while others wait already: they share the next statement.
    const later = Array.from({ length: 60 }, async (_, i) => {
      await sleep(i * 40);
      return timed(refresh(t.url, token));
    });
    for (const { status } of await Promise.all(later)) expect([500, 503]).toContain(status);
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(Array.from({ length: 8 }, requests).flat().map(timed));
      // 500 is what the contract of the refresh publishes for it.
      for (const { status } of answers) expect([500, 503]).toContain(status);
      expect((await timed(send(`${t.url}/readyz`))).status).toBe(503);
      expect((await timed(send(`${t.url}/healthz`))).status).toBe(200);
    }
    expect(slowest).toBeLessThan(2_000);
    postgres.resume();
    await eventually(async () => (await guarded(t.url, token)) === 200);
    token = await refreshed(t.url, token);
    console.info(`held: slowest answer ${slowest.toFixed(0)} ms`);
  }, 60_000);

  it('and one that is slow is waited for: its statements, its locks, its pages', async () => {
    const slow = t.dataSource.query<object[]>('SELECT pg_sleep(3.5)');
    const inTransaction = t.dataSource.transaction((manager) =>
      manager.query<object[]>('SELECT pg_sleep(3)'),
    );
    const held = t.dataSource.transaction(async (manager) => {
      await manager.query('SELECT id FROM users WHERE email = $1 FOR UPDATE', [email]);
      await sleep(2_500);
    });
    await sleep(100);
    const waiting = await post(`${t.url}/v1/login`, { email, password: PASSWORD });
    expect(waiting.status).toBe(200);
    expect(await slow).toHaveLength(1);
    expect(await inTransaction).toHaveLength(1);
    await held;
  });
});

(isPossible ? describe : describe.skip)(
  'a PostgreSQL server that is restarted, and one that crashes, under load',
  () => {
    it('loses nothing acknowledged, and nobody restarts anything else', async () => {
      const postgres = await PostgresServer.start();
      const server = await startProcess(postgres.database, { MAX_SESSIONS_PER_USER: '1000' });
      try {
        const changer = { email: 'changer@example.com', password: PASSWORD };
        const words = ['users', 'create', '--email', changer.email, '--role', 'client', '--password-stdin'];
        await gatehouseJson(postgres.database, words, changer.password);
        const ledger = new Ledger(() => server.url, { email: 'admin@example.com', password: PASSWORD }, [
          changer,
        ]);
        let restarts = 0;
        await ledger.keepDuring(async () => {
          for (const signal of Array.from(
            { length: rounds(1, 5) },
            () => ['SIGINT', 'SIGQUIT'] as const,
          ).flat()) {
            await sleep(3_000);
            await postgres.end(signal);
            await sleep(500);
            await postgres.start();
            restarts += 1;
          }
          await sleep(3_000);
        });
        await ledger.expectKept([server.url]);
        expect(server.child.exitCode).toBeNull();
        console.info(`${restarts} restarts: ${ledger.summary()}`);
      } finally {
        await server.end();
        await postgres.remove();
      }
    }, 180_000);
  },
);

import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { statement } from '../../src/platform/database/statement.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import { metricsOf, METRICS_TOKEN, valueOf } from '../support/metrics.js';
import { onPostgres } from '../support/scope.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/keys.js';

onPostgres('readiness, and the database', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let t: TestApp;

  beforeAll(async () => {
    database = await createDatabase();
    proxy = await TcpProxy.start(database.databaseUrl ?? '');
    t = await startApp({
      env: { METRICS_TOKEN },
      database: { ...database, databaseUrl: proxy.url },
    });
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await t.close();
    await proxy.close();
    await database.drop();
  });

  async function ready(): Promise<Answer> {
    const startedAt = performance.now();
    const answer = await send(`${t.url}/readyz`);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    return answer;
  }

  async function expectRecovery(fault: 'cut' | 'silence' | 'forget'): Promise<void> {
    expect((await ready()).status).toBe(200);
    proxy[fault]();
    // Many that ask at once are one question.
    const answers = await Promise.all(Array.from({ length: 50 }, ready));
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(answer.body).toMatchObject({
        error: { database: { status: 'down' }, migrations: { status: 'down' } },
      });
    }
    const startedAt = performance.now();
    const alive = await send(`${t.url}/healthz`);
    expect([alive.status, performance.now() - startedAt < 500]).toEqual([200, true]);
    proxy.heal();
    await eventually(async () => (await ready()).status === 200, 5);
  }

  it.each(['cut', 'silence'] as const)('%s: answered in time, and back by itself', expectRecovery);

  it('cut: whoever needs the database is told so within 2 s', async () => {
    const { email } = await t.createUser();
    const token = await login(t.url, email, PASSWORD);
    proxy.cut();
    const startedAt = performance.now();
    const [signIn, list] = await Promise.all([
      post(`${t.url}/v1/login`, { email, password: PASSWORD }),
      send(`${t.url}/v1/sessions`, { headers: bearer(token) }),
    ]);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    for (const { status, headers } of [signIn, list])
      expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    proxy.heal();
    await eventually(
      async () => (await send(`${t.url}/v1/sessions`, { headers: bearer(token) })).status === 200,
    );
  });

  it('a pool whose connections are all busy does not starve it, and is seen in the metrics', async () => {
    const busy = Array.from({ length: 14 }, () =>
      t.dataSource.query('SELECT pg_sleep(1.5)').catch(() => undefined),
    );
    await sleep(300);
    const text = await metricsOf(t.url);
    expect(valueOf(text, 'gatehouse_database_connections{state="busy"}')).toBe(10);
    expect(valueOf(text, 'gatehouse_database_connections{state="waiting"}')).toBeGreaterThanOrEqual(4);
    for (let i = 0; i < 5; i += 1) expect((await ready()).status).toBe(200);
    await Promise.all(busy);
  });

  // Last: the pool has lost its connections as well, and finds out only when it needs one.
  it('forget: answered in time, and back by itself', () => expectRecovery('forget'));
});

onPostgres('connections that the server ended while this process was busy', () => {
  let t: TestApp;
  beforeAll(async () => {
    t = await startApp();
  });
  afterAll(() => t.close());

  /** Ends every connection of the pool; nothing is read of it here before whoever called this has asked for something. */
  async function endConnections(): Promise<void> {
    await Promise.all(Array.from({ length: 10 }, () => t.dataSource.query('SELECT pg_sleep(0.2)')));
    const script = `
      const client = new (require('pg').Client)({ connectionString: process.argv[1] });
      const ours = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gatehouse'";
      (async () => {
        await client.connect();
        console.log((await client.query('SELECT pg_terminate_backend(pid) ' + ours)).rowCount);
        while ((await client.query('SELECT pid ' + ours)).rowCount > 0);
        await client.end();
      })();`;
    const { stdout } = spawnSync(process.execPath, ['-e', script, t.database.databaseUrl ?? '']);
    expect(stdout.toString().trim()).toBe('10');
  }

  const setRole = (id: number) =>
    statement(t.dataSource, 'UPDATE users SET role = $1 WHERE id = $2 RETURNING id', ['client', id]);

  it('are noticed by no transaction and no reading', async () => {
    const { id } = await t.createUser();
    for (const ask of [
      () => t.createUser(),
      () => t.dataSource.query(`SELECT id FROM users WHERE id = ${id}`),
      () => statement(t.dataSource, 'SELECT id FROM users WHERE id = $1', [id]),
    ]) {
      await endConnections();
      await expect(ask()).resolves.toBeTruthy();
    }
  });

  it('nor by more of them than there are connections', async () => {
    await endConnections();
    await Promise.all(Array.from({ length: 30 }, () => t.createUser()));
  });

  it('fail a writing that stands alone, which nobody can know to have been lost', async () => {
    const { id } = await t.createUser();
    await endConnections();
    await expect(setRole(id)).rejects.toThrow('terminating connection due to administrator command');
    // Meanwhile the others are seen to have ended.
    await sleep(50);
    await expect(setRole(id)).resolves.toEqual([{ id }]);
  });
});

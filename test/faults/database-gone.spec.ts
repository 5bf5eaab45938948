import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import type { BeforeQueryEvent } from 'typeorm';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import { startProcess, type ServerProcess } from '../support/process.js';
import { onPostgres } from '../support/scope.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { guarded, refresh, refreshed } from '../support/tokens.js';

const LOCK = 'SELECT id FROM users WHERE id = $1 FOR UPDATE';

const STALENESS_SECONDS = 3;
const env = { REVOCATION_POLL_MS: '200', REVOCATION_MAX_STALENESS_SECONDS: String(STALENESS_SECONDS) };
/** The longest anybody waits for a database that is away, or says nothing. */
const ANSWER_MS = 2_000;
/** For a server that lives and has lost our connections: one statement's patience, a connection's, and slack. */
const LOST_MS = 9_000;
const RECOVERY_MS = 10_000;

/** A guarded route that needs no database: what the application is asked most. */
@Controller('still')
class StillController {
  @Get()
  answer(): object {
    return {};
  }
}
@Module({ controllers: [StillController] })
class StillModule {}

onPostgres('the database is gone (on SQLite it cannot be: the file is open)', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let t: TestApp;
  let server: ServerProcess;
  let email: string;
  let token: string;

  beforeAll(async () => {
    database = await createDatabase();
    proxy = await TcpProxy.start(database.databaseUrl ?? '');
    const proxied = { ...database, databaseUrl: proxy.url };
    t = await startApp({ env, database: proxied, imports: [StillModule] });
    server = await startProcess(proxied, env);
    ({ email } = await t.createUser());
    token = await login(t.url, email, PASSWORD);
  }, 60_000);
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await server.end();
    await t.close();
    await proxy.close();
    await database.drop();
  });

  const still = () => send(`${t.url}/still`, { headers: bearer(token) });
  const signIn = (as: string) => post(`${server.url}/v1/login`, { email: as, password: PASSWORD });
  const seconds = (since: number) => (performance.now() - since) / 1000;

  let slowest = 0;
  async function inTime(answering: Promise<Answer>, within = ANSWER_MS): Promise<Answer> {
    const startedAt = performance.now();
    const answer = await answering;
    slowest = Math.max(slowest, performance.now() - startedAt);
    expect(performance.now() - startedAt).toBeLessThan(within);
    return answer;
  }

  /** Asks until `isGood`, for at most `within` milliseconds; how long it took, in seconds. */
  async function recovery(isGood: () => boolean | Promise<boolean>, within = RECOVERY_MS): Promise<number> {
    const startedAt = performance.now();
    while (!(await isGood())) {
      expect(performance.now() - startedAt).toBeLessThan(within);
      await sleep(10);
    }
    return seconds(startedAt);
  }

  async function expectRefusals(): Promise<void> {
    const [next, ...others] = await Promise.all([
      inTime(refresh(server.url, token)),
      inTime(signIn(email)),
      inTime(post(`${server.url}/v1/logout`, undefined, bearer(token))),
      inTime(send(`${server.url}/api/films`, { headers: bearer(token) })),
    ]);
    for (const answer of others) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('1');
    }
    expect(next.status).toBe(500);
    expect(next.body).toMatchObject({
      message: 'An internal server error occurred. Please try again later.',
    });
  }

  it.each(['cut', 'silence'] as const)('%s: an old yes for no longer than the bound', async (fault) => {
    expect((await still()).status).toBe(200);
    proxy[fault]();
    const goneAt = performance.now();
    let answer = await still();
    let accepted = 0;
    for (; answer.status === 200; answer = await still()) accepted = seconds(goneAt);
    expect(accepted).toBeGreaterThan(STALENESS_SECONDS - 1);
    expect(accepted).toBeLessThan(STALENESS_SECONDS + 0.5);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    proxy.heal();
    const took = await recovery(async () => (await still()).status === 200);
    console.info(
      `${fault}: accepted for ${accepted.toFixed(1)} s, back ${took.toFixed(1)} s after the database`,
    );
  });

  it.each(['cut', 'silence'] as const)(
    '%s: everything is answered, the process lives, and it recovers alone',
    async (fault) => {
      // Busy while it happens: connections die in the middle of statements and between them.
      const other = await t.createUser();
      const statuses = new Set<number>();
      let isBusy = true;
      const flood = Array.from({ length: 12 }, async (_, i) => {
        while (isBusy) {
          const answering =
            i % 2 ? signIn(other.email) : send(`${server.url}/v1/sessions`, { headers: bearer(token) });
          statuses.add((await inTime(answering)).status);
        }
      });
      await recovery(() => statuses.has(200));
      proxy[fault]();
      await expectRefusals();
      isBusy = false;
      await Promise.all(flood);
      expect([...statuses].sort()).toEqual([200, 503]);
      expect(server.child.exitCode).toBeNull();
      proxy.heal();
      // The guarded route needs no database; a refresh may meet one last connection of then, and is asked for again by its client.
      let next: Answer | undefined;
      const took = await recovery(async () => (next = await refresh(server.url, token)).status === 200);
      token = (next?.body as { access_token: string }).access_token;
      expect(await guarded(server.url, await login(server.url, email, PASSWORD))).toBe(200);
      console.info(
        `${fault}: slowest answer ${slowest.toFixed(0)} ms, back ${took.toFixed(1)} s after the database`,
      );
    },
    60_000,
  );

  it('polls do not pile up behind a database that says nothing', async () => {
    let polls = 0;
    t.dataSource.subscribers.push({
      beforeQuery: ({ query }: BeforeQueryEvent) => {
        if (query.includes('FROM') && query.includes('revocations')) polls += 1;
      },
    });
    proxy.silence();
    await sleep(1_500);
    t.dataSource.subscribers.pop();
    // The one that hangs; where it found a connection still open, one before it.
    expect(polls).toBeLessThanOrEqual(2);
  });

  it('nothing is acknowledged in a transaction that was given up', async () => {
    const { id } = await t.createUser();
    const tokens = await Promise.all(Array.from({ length: 15 }, () => login(t.url, email, PASSWORD)));
    const givenUp = t.dataSource.transaction(async (manager) => {
      await manager.query(LOCK, [id]);
      proxy.silence();
      await manager.query(LOCK, [id]);
    });
    await expect(givenUp).rejects.toThrow('Connection terminated');
    proxy.heal();
    for (const { url } of [t, server])
      await recovery(async () => (await guarded(url, tokens[0] ?? '')) === 200);
    // More than there are connections: had it gone back among them, one of these would be rolled back with it.
    const next = await Promise.all(tokens.map((each) => refreshed(t.url, each)));
    for (const each of next) await refreshed(server.url, each);
  });

  it('connections that say nothing ever again hold up nobody for long, nor do the locks they hold', async () => {
    const { id, email: locked } = await t.createUser();
    // Several idle connections, and one in the middle of a transaction: all of them lost.
    await Promise.all(Array.from({ length: 5 }, () => t.dataSource.query('SELECT pg_sleep(0.1)')));
    const lost = t.dataSource.transaction(async (manager) => {
      await manager.query(LOCK, [id]);
      proxy.forget();
      await manager.query(LOCK, [id]);
    });
    const signIn = () => inTime(post(`${t.url}/v1/login`, { email: locked, password: PASSWORD }), LOST_MS);
    const [answers] = await Promise.all([
      Promise.all(Array.from({ length: 20 }, signIn)),
      expect(lost).rejects.toThrow('Connection terminated'),
    ]);
    for (const { status } of answers) expect([200, 503]).toContain(status);
    // The server ends the lost transaction when it has been idle for 10 s.
    const took = await recovery(async () => (await signIn()).status === 200, 15_000);
    expect((await still()).status).toBe(200);
    console.info(`forgotten connections: the locked account is back after another ${took.toFixed(1)} s`);
  }, 60_000);
});

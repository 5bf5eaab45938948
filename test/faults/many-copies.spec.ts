import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatehouseJson } from '../commands/gatehouse.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { send } from '../support/http.js';
import { Ledger, type Account } from '../support/ledger.js';
import { hasNginx, Nginx } from '../support/nginx.js';
import { startProcess, TEST_ENV, type ServerProcess } from '../support/process.js';
import { freePort, hasRedis, RedisServer } from '../support/redis.js';
import { rounds } from '../support/scope.js';

const isPossible = hasNginx && hasRedis && process.env['TEST_DATABASE_URL'] !== undefined;
if (!isPossible) console.info('many copies: needs PostgreSQL, redis-server and nginx; skipped');

const SECONDS = rounds(15, 120);
const PAUSE_MS = 3_000;
const ADMIN = { email: 'admin@example.com', password: TEST_ENV.BOOTSTRAP_ADMIN_PASSWORD };

(isPossible ? describe : describe.skip)('three copies behind nginx, one after the other killed', () => {
  let database: TestDatabase;
  let redis: RedisServer;
  let nginx: Nginx;
  let ports: number[];
  let copies: ServerProcess[];
  const start = (port: number) =>
    startProcess(database, {
      PORT: String(port),
      REDIS_URL: redis.url,
      TRUST_PROXY: '127.0.0.1',
      MAX_SESSIONS_PER_USER: '1000',
    });

  beforeAll(async () => {
    [database, redis, ports] = await Promise.all([
      createDatabase(),
      RedisServer.start(),
      Promise.all([freePort(), freePort(), freePort()]),
    ]);
    copies = await Promise.all(ports.map(start));
    nginx = await Nginx.start(ports);
  }, 60_000);
  afterAll(async () => {
    await nginx.remove();
    await Promise.all(copies.map((copy) => copy.end()));
    await redis.remove();
    await database.drop();
  });

  async function createAccount(email: string): Promise<Account> {
    const password = 'a first Secur€Password';
    const words = ['users', 'create', '--email', email, '--role', 'client', '--password-stdin'];
    await gatehouseJson(database, words, password);
    return { email, password };
  }

  it(`${SECONDS} s of every kind of client: nothing acknowledged is lost`, async () => {
    const changers = await Promise.all(['a@example.com', 'b@example.com'].map(createAccount));
    const ledger = new Ledger(
      () => nginx.url,
      ADMIN,
      changers,
      () => copies.map(({ url }) => url),
    );
    let kills = 0;
    await ledger.keepDuring(async () => {
      const until = Date.now() + SECONDS * 1000;
      for (let i = 0; Date.now() < until; i = (i + 1) % copies.length) {
        await sleep(PAUSE_MS);
        await copies[i]?.end('SIGKILL');
        kills += 1;
        await sleep(PAUSE_MS / 3);
        copies[i] = await start(ports[i] ?? 0);
      }
    });
    await ledger.expectKept(copies.map(({ url }) => url));
    expect(ledger.slowestSignOut).toBeLessThan(2);
    expect((await send(`${nginx.url}/metrics`)).status).toBe(404);
    console.info(
      `${kills} kills: ${ledger.summary()}; sign-outs seen everywhere within ${ledger.slowestSignOut.toFixed(2)} s`,
    );
  }, 300_000);
});

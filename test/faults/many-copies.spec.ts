import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, post, send, type Answer } from '../support/http.js';
import { hasNginx, Nginx } from '../support/nginx.js';
import { startProcess, TEST_ENV, type ServerProcess } from '../support/process.js';
import { freePort, hasRedis, RedisServer } from '../support/redis.js';
import { rounds } from '../support/scope.js';
import { guarded, refresh, refreshed } from '../support/tokens.js';

const isPossible = hasNginx && hasRedis && process.env['TEST_DATABASE_URL'] !== undefined;
if (!isPossible) console.info('many copies: needs PostgreSQL, redis-server and nginx; skipped');

const SECONDS = rounds(12, 60);
const CHAINS = 4;
const VISITORS = 2;
const ADMIN = { email: 'admin@example.com', password: TEST_ENV.BOOTSTRAP_ADMIN_PASSWORD };
/** What a client may be told while a copy is gone: try again. */
const RETRYABLE = [502, 503, 504];

(isPossible ? describe : describe.skip)('two copies behind nginx, one of them killed', () => {
  let database: TestDatabase;
  let redis: RedisServer;
  let nginx: Nginx;
  let ports: [number, number];
  let copies: [ServerProcess, ServerProcess];
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
      Promise.all([freePort(), freePort()]),
    ]);
    copies = await Promise.all([start(ports[0]), start(ports[1])]);
    nginx = await Nginx.start(ports);
  }, 60_000);
  afterAll(async () => {
    await nginx.remove();
    await Promise.all(copies.map((copy) => copy.end()));
    await redis.remove();
    await database.drop();
  });

  let isOver = false;
  let operations = 0;
  let retries = 0;
  const seen = new Set<number>();

  /** Asks until the answer is none of those that say "try again". */
  async function answered(ask: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      const answer = await ask();
      seen.add(answer.status);
      operations += 1;
      if (!RETRYABLE.includes(answer.status)) return answer;
      retries += 1;
      await sleep(50);
    }
  }
  const signIn = async (): Promise<string> => {
    const answer = await answered(() => post(`${nginx.url}/v1/login`, ADMIN));
    expect(answer.status).toBe(200);
    return answer.headers.get('access_token') ?? '';
  };
  const next = async (token: string): Promise<string> => {
    const answer = await answered(async () => {
      const each = await refresh(nginx.url, token);
      // What this contract publishes for a database, or a copy, that fails.
      return each.status === 500 ? { ...each, status: 503 } : each;
    });
    expect([answer.status, answer.text]).toEqual([200, answer.text]);
    return (answer.body as { access_token: string }).access_token;
  };

  /** Signs out; afterwards both copies, asked beside nginx, refuse the token: after how many seconds. */
  async function signOut(token: string): Promise<number> {
    const answer = await answered(() => post(`${nginx.url}/v1/logout`, undefined, bearer(token)));
    // 401: a copy did it and died before it could say so.
    expect([204, 401]).toContain(answer.status);
    const since = performance.now();
    for (const { url } of copies) {
      while ((await guarded(url, token).catch(() => 401)) !== 401) await sleep(20);
    }
    return (performance.now() - since) / 1000;
  }

  it(`${SECONDS} s of logins, refreshes and sign-outs: nothing acknowledged is lost`, async () => {
    const chains = await Promise.all(Array.from({ length: CHAINS }, signIn));
    const loggedIn: string[] = [];
    const loggedOut: string[] = [];
    let slowest = 0;
    const load = [
      ...chains.map(async (_, chain) => {
        while (!isOver) chains[chain] = await next(chains[chain] ?? '');
      }),
      ...Array.from({ length: VISITORS }, async () => {
        while (!isOver) {
          loggedIn.push(await signIn());
          const leaving = await next(await signIn());
          slowest = Math.max(slowest, await signOut(leaving));
          loggedOut.push(leaving);
        }
      }),
    ];
    const disaster = async () => {
      await sleep((SECONDS / 3) * 1000);
      await copies[1].end('SIGKILL');
      await sleep((SECONDS / 6) * 1000);
      copies[1] = await start(ports[1]);
      await sleep((SECONDS / 2) * 1000);
      isOver = true;
    };
    await Promise.all([disaster(), ...load]);
    expect([...seen].filter((status) => ![200, 204, 401, ...RETRYABLE].includes(status))).toEqual([]);
    expect(slowest).toBeLessThan(2);
    for (const token of [...chains, ...loggedIn]) await refreshed(copies[1].url, token);
    for (const { url } of copies) {
      for (const token of loggedOut) expect(await guarded(url, token)).toBe(401);
    }
    expect((await send(`${nginx.url}/metrics`)).status).toBe(404);
    console.info(
      `${operations} answers, ${retries} of them "try again"; ${loggedIn.length + CHAINS} logins kept, ` +
        `${loggedOut.length} sign-outs, seen everywhere within ${slowest.toFixed(2)} s`,
    );
  }, 180_000);
});

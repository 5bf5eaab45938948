import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { post, type Answer } from '../support/http.js';
import { eventually } from '../support/keys.js';
import { startProcess, type ServerProcess } from '../support/process.js';
import { hasRedis, RedisServer } from '../support/redis.js';
import { refresh } from '../support/tokens.js';

/** Fewer than make an account wait between two tries. */
const PER_ACCOUNT = 4;
const PER_ADDRESS = 6;
const REFRESHES = 4;
const ADMINISTRATOR = 'admin@example.com';
/** Longer than a healthy login takes, shorter than anybody waits: what a store that says nothing may cost. */
const PATIENCE_MS = 5_000;

const onRedis = hasRedis
  ? describe
  : (_: string, tests: () => void) => describe.skip('(no redis-server or valkey-server is installed)', tests);

onRedis('spreading guesses over two copies that share a Redis', () => {
  let database: TestDatabase;
  let redis: RedisServer;
  let servers: ServerProcess[] = [];
  let addresses = 0;
  let accounts = 0;

  beforeAll(async () => {
    database = await createDatabase();
    redis = await RedisServer.start();
    const env = {
      REDIS_URL: redis.url,
      TRUST_PROXY: '127.0.0.1',
      LOGINS_PER_MINUTE_PER_ADDRESS: '20',
      LOGIN_FAILURES_PER_MINUTE_PER_ADDRESS: String(PER_ADDRESS),
      LOGIN_FAILURES_PER_DAY_PER_ACCOUNT: String(PER_ACCOUNT),
      REFRESHES_PER_5_MINUTES_PER_SESSION: String(REFRESHES),
    };
    const first = await startProcess(database, env);
    servers = [first, await startProcess(database, env)];
  });
  afterAll(async () => {
    redis.resume();
    await Promise.all(servers.map((server) => server.end()));
    await redis.remove();
    await database.drop();
  });

  const anotherAddress = () => `198.51.100.${(addresses += 1)}`;
  const anotherAccount = () => `nobody-${(accounts += 1)}@example.com`;
  const tryAt = (server: ServerProcess | undefined, email: string, password: string, address: string) =>
    post(`${server?.url}/v1/login`, { email, password }, { 'x-forwarded-for': address });
  const statuses = (answers: Answer[]) => answers.map(({ status }) => status);

  /** Wrong passwords, one after the other, at each copy in turn. */
  async function guess(times: number, at: ServerProcess[], email = anotherAccount, address = anotherAddress) {
    const answers: Answer[] = [];
    for (let i = 0; i < times; i += 1)
      answers.push(await tryAt(at[i % at.length], email(), 'wrong', address()));
    return answers;
  }
  const allowed = (times: number) => Array(times).fill(401) as number[];
  const says = (msg: string) => servers.map((server) => server.output().split(msg).length - 1);
  /** By what they said last: a Redis that gets no processor for a moment is away, and back, as well. */
  const areAll = (state: 'away' | 'back') =>
    eventually(() => {
      const back = says('Redis is back');
      return says('Redis is away').every((count, i) => count - (back[i] ?? 0) === (state === 'away' ? 1 : 0));
    });

  async function expectShared() {
    const email = anotherAccount();
    expect(statuses(await guess(PER_ACCOUNT, servers, () => email))).toEqual(allowed(PER_ACCOUNT));
    for (const answer of await guess(2, servers, () => email)) {
      expect(answer.status).toBe(429);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(80_000);
    }
    const address = anotherAddress();
    const here = () => address;
    expect(statuses(await guess(PER_ADDRESS, servers, anotherAccount, here))).toEqual(allowed(PER_ADDRESS));
    for (const answer of await guess(2, servers, anotherAccount, here)) {
      expect(answer.status).toBe(429);
      expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    }
  }

  /** Each copy gives the whole budget, and no more: what was spent at the other is not known. */
  async function expectEachForItself() {
    const [email, address] = [anotherAccount(), anotherAddress()];
    for (const server of servers) {
      expect(statuses(await guess(PER_ACCOUNT + 1, [server], () => email))).toEqual([
        ...allowed(PER_ACCOUNT),
        429,
      ]);
      const answers = await guess(PER_ADDRESS + 1, [server], anotherAccount, () => address);
      expect(statuses(answers)).toEqual([...allowed(PER_ADDRESS), 429]);
      expect((await tryAt(server, ADMINISTRATOR, PASSWORD, anotherAddress())).status).toBe(200);
    }
  }

  it('gets one budget of both for an account, and one for an address', expectShared);

  it('gets one budget of both for the logins of an address, right or wrong', async () => {
    const address = anotherAddress();
    const answers: Answer[] = [];
    // No more at once than may be: see waves-of-logins.
    for (let i = 0; i < 6; i += 1) {
      const wave = [0, 1, 0, 1].map((at) => tryAt(servers[at], ADMINISTRATOR, PASSWORD, address));
      answers.push(...(await Promise.all(wave)));
    }
    expect(statuses(answers)).toEqual([...(Array(20).fill(200) as number[]), 429, 429, 429, 429]);
  });

  it('gets one budget of both for the refreshes of a session', async () => {
    const answer = await tryAt(servers[0], ADMINISTRATOR, PASSWORD, anotherAddress());
    let token = answer.headers.get('access_token') ?? '';
    for (let i = 0; i < REFRESHES; i += 1) {
      const { status, headers } = await refresh(servers[i % 2]?.url ?? '', token);
      expect(status).toBe(200);
      token = headers.get('access_token') ?? '';
    }
    for (const { url } of servers) expect((await refresh(url, token)).status).toBe(429);
  });

  it('leaves no e-mail address in Redis', async () => {
    await guess(1, servers, () => ADMINISTRATOR);
    const entries = await redis.entries();
    expect(entries.length).toBeGreaterThan(10);
    for (const [key, value] of entries) {
      expect(key).not.toMatch(/example|nobody|admin/i);
      expect(value).toMatch(/^\d+$/);
    }
  });

  it('gets no more than a budget of each while Redis is gone, and one of both when it is back', async () => {
    await redis.kill();
    await areAll('away');
    const said = says('Redis is away');
    await expectEachForItself();
    expect(says('Redis is away')).toEqual(said);
    await redis.start();
    await areAll('back');
    await expectShared();
  });

  it('waits for nobody while Redis holds its connections and says nothing', async () => {
    redis.hold();
    const startedAt = performance.now();
    expect((await tryAt(servers[0], ADMINISTRATOR, PASSWORD, anotherAddress())).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(PATIENCE_MS);
    await guess(1, servers);
    await areAll('away');
    await expectEachForItself();
    redis.resume();
    await areAll('back');
    await expectShared();
  });
});

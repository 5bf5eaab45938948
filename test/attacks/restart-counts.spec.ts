import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ThrottlesService } from '../../src/attempts/throttles.service.js';
import { statement } from '../../src/platform/database/statement.js';
import { SweepingService } from '../../src/platform/database/sweeping.service.js';
import { PASSWORD, startApp, TestClock, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { post } from '../support/http.js';
import { eventually } from '../support/keys.js';
import { startProcess, type ServerProcess } from '../support/process.js';

const ADMINISTRATOR = 'admin@example.com';
const NOBODY = 'nobody@example.com';
const ATTEMPT = { email: NOBODY, address: '192.0.2.1', isKnownAddress: false };
const DAY_SECONDS = 86_400;
const MAX_ROWS = 200_000;

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

const tryAt = ({ url }: { url: string }, email: string, password = 'wrong') =>
  post(`${url}/v1/login`, { email, password });

/** Wrong passwords, one after the other; the statuses of their answers. */
async function guess(server: { url: string }, email: string, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i += 1) statuses.push((await tryAt(server, email)).status);
  return statuses;
}

const allowed = (times: number) => Array(times).fill(401) as number[];

describe.each(['SIGTERM', 'SIGKILL'] as const)('a restart to clear the counts, by %s', (signal) => {
  let server: ServerProcess;
  afterEach(() => server.end());

  const start = async (perDay: number) => {
    server = await startProcess(database, { LOGIN_FAILURES_PER_DAY_PER_ACCOUNT: String(perDay) });
  };
  const restart = async (perDay: number) => {
    await server.end(signal);
    await start(perDay);
  };

  it('gives no further tries of the day, for an account or for an unknown e-mail', async () => {
    // Fewer than make an account wait between two tries.
    await start(4);
    const emails = [ADMINISTRATOR, NOBODY];
    for (const email of emails) expect(await guess(server, email, 5)).toEqual([...allowed(4), 429]);
    await restart(4);
    for (const email of emails) {
      const answer = await tryAt(server, email);
      expect(answer.status).toBe(429);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(DAY_SECONDS - 600);
    }
  });

  it('gives no five more before the next delay; the right password after it clears the count for good', async () => {
    await start(100);
    const emails = [ADMINISTRATOR, NOBODY];
    for (const email of emails) expect(await guess(server, email, 6)).toEqual([...allowed(5), 429]);
    await restart(100);
    for (const email of emails) {
      await eventually(async () => (await tryAt(server, email)).status === 401);
      expect(await guess(server, email, 1)).toEqual([429]);
    }
    await eventually(async () => (await tryAt(server, ADMINISTRATOR, PASSWORD)).status === 200);
    await restart(100);
    expect(await guess(server, ADMINISTRATOR, 4)).toEqual(allowed(4));
    expect((await tryAt(server, ADMINISTRATOR, PASSWORD)).status).toBe(200);
  });
});

describe('counts of wrong passwords in the database', () => {
  let clock: TestClock;
  const apps: TestApp[] = [];
  const open = async (perDay = 100) => {
    const env = { LOGIN_FAILURES_PER_DAY_PER_ACCOUNT: String(perDay) };
    const app = await startApp({ database, clock, env });
    apps.push(app);
    return app;
  };
  const rowsOf = ({ dataSource }: TestApp) =>
    statement<Record<string, unknown>>(dataSource, 'SELECT * FROM account_failures', []);
  const sweep = ({ app }: TestApp) => app.get(SweepingService).sweep();

  beforeEach(() => {
    clock = new TestClock();
  });
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

  it('go on with the delay that was there', async () => {
    expect(await guess(await open(), NOBODY, 6)).toEqual([...allowed(5), 429]);
    clock.advance(0.5);
    const after = await open();
    const answer = await tryAt(after, NOBODY);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
    clock.advance(0.5);
    expect(await guess(after, NOBODY, 2)).toEqual([401, 429]);
  });

  it('are gone with a success', async () => {
    const t = await open();
    const { email } = await t.createUser();
    await guess(t, email, 4);
    expect(await rowsOf(t)).toMatchObject([{ failures: 4 }]);
    expect((await tryAt(t, email, PASSWORD)).status).toBe(200);
    expect(await rowsOf(t)).toEqual([]);
  });

  it('begin anew where a failure comes with the success that clears them', async () => {
    const t = await open();
    const throttles = t.app.get(ThrottlesService);
    for (let i = 0; i < 3; i += 1) await throttles.recordFailure(ATTEMPT);
    await Promise.all([throttles.recordSuccess(ATTEMPT), throttles.recordFailure(ATTEMPT)]);
    expect(await rowsOf(t)).toMatchObject([{ failures: 1 }]);
  });

  it('are the greater of what copies count each for itself', async () => {
    const [here, there] = [await open(), await open()];
    // Not by HTTP: Passport has one strategy in a process, the last application's.
    const fail = ({ app }: TestApp) => app.get(ThrottlesService).recordFailure(ATTEMPT);
    for (const copy of [here, here, here, there, there]) await fail(copy);
    expect(await rowsOf(here)).toMatchObject([{ failures: 3 }]);
    expect(await guess(await open(4), NOBODY, 2)).toEqual([401, 429]);
  });

  it('are read no more when their day is over, and make way for a new one', async () => {
    await guess(await open(), NOBODY, 4);
    clock.advance(DAY_SECONDS);
    const after = await open();
    await guess(after, NOBODY, 1);
    expect(await rowsOf(after)).toMatchObject([{ failures: 1 }]);
  });

  it('count on in memory where the database would not have them', async () => {
    const t = await open();
    await t.dataSource.query('DROP TABLE account_failures');
    expect(await guess(t, NOBODY, 6)).toEqual([...allowed(5), 429]);
    expect(t.logs.filter(({ msg }) => String(msg).startsWith('failures not written'))).toHaveLength(5);
  });

  it('are not written where there is no limit', async () => {
    const t = await open(0);
    await guess(t, NOBODY, 6);
    expect(await rowsOf(t)).toEqual([]);
  });

  it('tell nobody’s e-mail', async () => {
    const t = await open();
    await guess(t, NOBODY, 1);
    expect(JSON.stringify(await rowsOf(t))).not.toMatch(/nobody|example/);
  });

  it('are swept when their day is over', async () => {
    const t = await open();
    await guess(t, NOBODY, 4);
    clock.advance(DAY_SECONDS - 1);
    await sweep(t);
    expect(await rowsOf(t)).toHaveLength(1);
    clock.advance(1);
    await sweep(t);
    expect(await rowsOf(t)).toEqual([]);
  });

  it('last a day at most, by a clock that was put back as well', async () => {
    await guess(await open(5), NOBODY, 5);
    clock.advance(-100 * DAY_SECONDS);
    const back = await open(5);
    expect(Number((await tryAt(back, NOBODY)).headers.get('retry-after'))).toBe(10);
    clock.advance(10);
    expect(Number((await tryAt(back, NOBODY)).headers.get('retry-after'))).toBe(DAY_SECONDS - 10);
    await sweep(back);
    expect(await rowsOf(back)).toEqual([]);
    clock.advance(DAY_SECONDS - 10);
    expect(await guess(back, NOBODY, 1)).toEqual([401]);
  });

  it(`are ${MAX_ROWS} at most after a sweep: those that began first go`, async () => {
    const t = await open();
    await statement(
      t.dataSource,
      `INSERT INTO account_failures (account, failures, ends_at, delayed_until)
       WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${MAX_ROWS + 1_500})
       SELECT 'account ' || n, 1, CAST($1 AS bigint) + n, 0 FROM numbers`,
      [clock.now()],
    );
    await sweep(t);
    const [found] = await statement<Record<string, number>>(
      t.dataSource,
      `SELECT count(*) AS rows, min(ends_at) - CAST($1 AS bigint) AS first FROM account_failures`,
      [clock.now()],
    );
    expect(found).toEqual({ rows: MAX_ROWS, first: 1_501 });
  });
});

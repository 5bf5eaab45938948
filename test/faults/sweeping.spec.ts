import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { aloneOn, statement } from '../../src/platform/database/statement.js';
import { CleaningService } from '../../src/sessions/cleaning.service.js';
import { RevocationsService } from '../../src/sessions/revocations.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login } from '../support/http.js';
import { onPostgres } from '../support/scope.js';
import { guarded, refreshed } from '../support/tokens.js';

const ROWS = 2_500;
const BATCH = 1_000;

let t: TestApp;
let userId: number;
let live: string;

beforeAll(async () => {
  t = await startApp({ env: { REVOCATION_POLL_MS: '10000' } });
});
afterAll(() => t.close());
beforeEach(async () => {
  const user = await t.createUser();
  userId = user.id;
  live = await login(t.url, user.email, PASSWORD);
});
afterEach(async () => {
  for (const table of ['sessions', 'revocations']) await t.dataSource.query(`DELETE FROM ${table}`);
});

const sweep = () => t.app.get(CleaningService).sweep();

/** `rows` numbered rows; `select` gives the columns, from `n`. */
const insert = (into: string, select: string, rows: number, parameters: unknown[]) =>
  statement(
    t.dataSource,
    `INSERT INTO ${into} WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${rows})
     SELECT ${select} FROM numbers`,
    parameters,
  );

const insertSessions = (prefix: string, rows: number, expiresAt: number) =>
  insert(
    'sessions (id, user_id, token_id, address, user_agent, created_at, refreshed_at, tokens_expire_at, expires_at)',
    `'${prefix}' || n, ${userId}, 'token', 'address', 'agent', 0, 0, 0, $1`,
    rows,
    [expiresAt],
  );

const insertRevocations = (prefix: string, rows: number, expiresAt: number) => {
  const first = t.database.kind === 'postgres' ? 'pg_current_xact_id()::text::bigint' : '0';
  return insert(
    'revocations (session_id, position, expires_at)',
    `'${prefix}' || n, ${first} + n, $1`,
    rows,
    [expiresAt],
  );
};

const idsOf = async (table: string, key: string, like: string) => {
  const rows = await statement<Record<string, string>>(
    t.dataSource,
    `SELECT ${key} AS id FROM ${table} WHERE ${key} LIKE $1`,
    [like],
  );
  return rows.map(({ id }) => id);
};

describe(`${ROWS} expired rows`, () => {
  it('of sessions all go, and live ones stay', async () => {
    await insertSessions('expired ', ROWS, t.clock.now());
    await insertSessions('live ', 10, t.clock.now() + 1);
    expect(await sweep()).toBe(ROWS);
    expect(await idsOf('sessions', 'id', 'expired %')).toEqual([]);
    expect(await idsOf('sessions', 'id', 'live %')).toHaveLength(10);
    expect(await guarded(t.url, await refreshed(t.url, live))).toBe(200);
  });

  it('of revocations all go but the newest, from memory too', async () => {
    const revocations = t.app.get(RevocationsService);
    await insertRevocations('expired ', ROWS, t.clock.now() + 1_000);
    await revocations.poll();
    expect(revocations.has('expired 1')).toBe(true);
    expect(await sweep()).toBe(0);
    t.clock.advance(1);
    expect(await sweep()).toBe(ROWS - 1);
    expect(await idsOf('revocations', 'session_id', '%')).toEqual([`expired ${ROWS}`]);
    await revocations.poll();
    expect([1, ROWS].map((n) => revocations.has(`expired ${n}`))).toEqual([false, false]);
  });

  it('of revocations leave the live ones', async () => {
    await insertRevocations('live ', 10, t.clock.now() + 1);
    await insertRevocations('expired ', ROWS, t.clock.now());
    await sweep();
    expect(await idsOf('revocations', 'session_id', 'live %')).toHaveLength(10);
  });

  it(`go ${BATCH} at a time`, async () => {
    await insertSessions('expired ', ROWS, t.clock.now());
    const batches: string[] = [];
    const runAlone = aloneOn.get(t.dataSource);
    if (!runAlone) throw new Error('no way to run a statement alone');
    aloneOn.set(t.dataSource, (sql, parameters) => {
      batches.push(sql);
      return runAlone(sql, parameters);
    });
    await sweep();
    aloneOn.set(t.dataSource, runAlone);
    expect(batches.filter((sql) => sql.includes('DELETE FROM sessions'))).toHaveLength(
      Math.ceil(ROWS / BATCH),
    );
  });
});

onPostgres('a sweep beside a transaction that holds some of the rows', () => {
  it('does not wait, and takes them the next time', async () => {
    await insertSessions('expired ', 10, t.clock.now());
    const other = new pg.Client({ connectionString: t.database.databaseUrl });
    await other.connect();
    await other.query('BEGIN');
    await other.query("DELETE FROM sessions WHERE id = 'expired 3'");
    expect(await sweep()).toBe(9);
    await other.query('ROLLBACK');
    await other.end();
    expect(await sweep()).toBe(1);
  });
});

// What a page of accounts costs at the beginning, in the middle and at the end: `npm --prefix bench run pagination`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

const ACCOUNTS = 100_000;
const ROUNDS = 40;
const LIMIT = 100;

/** @param {string} file @returns {Promise<any>} */
const built = (file) => import(new URL(`../build/${file}.js`, import.meta.url).href);
const [{ createDataSource, dataSourceOptions }, { migrate }, { pageOf }, { enabledIn }] = await Promise.all([
  built('platform/database/data-source'),
  built('platform/database/migrate'),
  built('platform/database/bounded-page'),
  built('two-factor/enabled'),
]);

/** The pages that administrators ask for. */
const kinds = {
  'all accounts': {},
  'of a role that one in 100 has': { indexed: [{ sql: 'role = $1', parameters: ['editor'] }] },
  'that are disabled, one in 50': { indexed: [{ sql: 'disabled_at IS NOT NULL', parameters: [] }] },
  'by a part of the e-mail, one in 10': {
    filters: [{ sql: "email LIKE $1 ESCAPE '\\'", parameters: ['%7@%'] }],
  },
  'by a part of no e-mail': { filters: [{ sql: "email LIKE $1 ESCAPE '\\'", parameters: ['%nobody%'] }] },
  'with two-factor on, which nobody has': { filters: [{ sql: enabledIn('id'), parameters: [] }] },
};

/** @param {any} dataSource */
async function fill(dataSource) {
  const series =
    dataSource.options.type === 'postgres'
      ? `SELECT n FROM generate_series(1, ${ACCOUNTS}) n`
      : `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${ACCOUNTS}) SELECT n FROM s`;
  await dataSource.query(
    `INSERT INTO users (public_id, email, password_hash, role, disabled_at, created_at, updated_at)
     SELECT 'P' || (1000000 + n), 'user' || n || '@example.com', NULL, CASE WHEN n % 100 = 0 THEN 'editor' ELSE 'client' END,
       CASE WHEN n % 50 = 0 THEN 1 ELSE NULL END, 1, 1 FROM (${series}) numbers`,
  );
  await dataSource.query('ANALYZE');
}

/**
 * The median time of a page, in milliseconds.
 * @param {any} dataSource @param {object} kind @param {number} after @returns {Promise<number>}
 */
async function cost(dataSource, kind, after) {
  const page = {
    table: 'users',
    key: 'id',
    direction: 'ASC',
    indexed: [],
    filters: [],
    after,
    limit: LIMIT,
    ...kind,
  };
  // The first use of a statement costs more than any page.
  await pageOf(dataSource, page);
  /** @type {number[]} */
  const times = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const begun = performance.now();
    await pageOf(dataSource, page);
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[ROUNDS / 2] ?? 0;
}

/** @param {string} name @param {{ dataDir: string, databaseUrl: string | undefined }} options */
async function measure(name, options) {
  const dataSource = await createDataSource(dataSourceOptions(options));
  await dataSource.initialize();
  try {
    await migrate(dataSource);
    await fill(dataSource);
    console.log(`\n${name}, ${ACCOUNTS} accounts, pages of ${LIMIT}: ratios to the first page\n`);
    for (const [what, kind] of Object.entries(kinds)) {
      // A last page that is full: the window of 10,000 ends with the table.
      const first = await cost(dataSource, kind, 0);
      const middle = await cost(dataSource, kind, ACCOUNTS / 2);
      const last = await cost(dataSource, kind, ACCOUNTS - 10_000);
      /** @param {number} value */
      const ratio = (value) => (value / first).toFixed(2);
      console.log(
        `  ${what.padEnd(38)} first 1.00 (${first.toFixed(2)} ms)  middle ${ratio(middle)}  last ${ratio(last)}`,
      );
    }
  } finally {
    await dataSource.destroy();
  }
}

const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-pagination-'));
await measure('SQLite', { dataDir, databaseUrl: undefined }).finally(() =>
  rmSync(dataDir, { recursive: true, force: true }),
);

const server = process.env.BENCH_DATABASE_URL;
if (server) {
  /** @param {string} sql */
  const administer = async (sql) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  const name = `gatehouse_pagination_${process.pid}`;
  await administer(`CREATE DATABASE ${name}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` });
  await measure('PostgreSQL', { dataDir, databaseUrl: url.href }).finally(() =>
    administer(`DROP DATABASE ${name} WITH (FORCE)`),
  );
}

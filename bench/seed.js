// @ts-check
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import Database from 'better-sqlite3';
import { BCRYPT_COST } from './stage.js';

/**
 * @typedef {object} Size
 * @property {number} accounts
 * @property {number} sessions
 * @property {number} revocations
 */

/** Of every account. */
export const PASSWORD = 'a right password';
const BATCH = 200_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Of the nth account, from 0. @param {number} n */
export const emailOf = (n) => `user${n}@example.com`;

/** The id of the nth session. @param {number} n @param {Size} size */
export const sessionOf = (n, { accounts, sessions }) =>
  `P${1_000_000 + Math.floor((n * accounts) / sessions)}.session${100_000_000_000_000 + n}`;

/** @param {string} folder */
export function freeBytes(folder) {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/**
 * Makes an embedded database of that size, by SQL: nobody could log in ten million times.
 * @param {string} dataDir
 * @param {Size} size
 * @returns {Promise<string>} its file
 */
export async function seed(dataDir, size) {
  await migrated(dataDir);
  const file = join(dataDir, 'gatehouse.sqlite');
  const database = new Database(file, { fileMustExist: true });
  // It may be lost: this is no data yet.
  database.pragma('synchronous = OFF');
  const now = Date.now();
  const [hash, seen] = [bcrypt.hashSync(PASSWORD, BCRYPT_COST), now - MINUTE_MS];
  const { accounts, sessions, revocations } = size;
  inBatches(
    database,
    accounts,
    `INSERT INTO users (id, public_id, email, password_hash, role, disabled_at, created_at, updated_at)
     SELECT n + 1, 'P' || (1000000 + n), 'user' || n || '@example.com', '${hash}', 'client', NULL, ${seen}, ${seen} FROM numbers`,
  );
  inBatches(
    database,
    sessions,
    `INSERT INTO sessions (id, user_id, token_id, address, user_agent, created_at, refreshed_at, expires_at, tokens_expire_at)
     SELECT 'P' || (1000000 + n * ${accounts} / ${sessions}) || '.session' || (100000000000000 + n), n * ${accounts} / ${sessions} + 1,
       'token--' || (100000000000000 + n), '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', ${seen}, ${seen},
       ${now + 24 * HOUR_MS} + n, ${now + HOUR_MS} FROM numbers`,
  );
  inBatches(
    database,
    revocations,
    `INSERT INTO revocations (session_id, position, expires_at)
     SELECT 'P' || (1000000 + n) || '.revoked' || (100000000000000 + n), ${seen} + n, ${now + HOUR_MS} FROM numbers`,
  );
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  return file;
}

/** @param {string} dataDir */
async function migrated(dataDir) {
  /** @type {(file: string) => Promise<any>} */
  const built = (file) => import(new URL(`../build/platform/database/${file}.js`, import.meta.url).href);
  const [{ createDataSource, dataSourceOptions }, { migrate }] = [
    await built('data-source'),
    await built('migrate'),
  ];
  const dataSource = await createDataSource(dataSourceOptions({ dataDir, databaseUrl: undefined }));
  await dataSource.initialize();
  await migrate(dataSource);
  await dataSource.destroy();
}

/**
 * @param {Database.Database} database
 * @param {number} count
 * @param {string} insert from `numbers`, of which each `n` comes once
 */
function inBatches(database, count, insert) {
  const statement = database.prepare(
    `WITH RECURSIVE numbers(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?) ${insert}`,
  );
  for (let from = 0; from < count; from += BATCH) {
    // A number would be bound as a REAL, and divided as one.
    statement.run(BigInt(from), BigInt(Math.min(from + BATCH, count)));
  }
}

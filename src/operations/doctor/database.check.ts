import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import pg from 'pg';
import type { ParsedConfig } from '../../platform/config/config.schema.js';
import { compareMigrations } from '../../platform/database/migrate.js';
import { isError } from '../../platform/errors/is-error.js';
import { PROGRAM } from '../../platform/package.js';
import { findingsOf, type Finding } from './finding.js';

const database = findingsOf('database');
const durability = findingsOf('durability');
const clock = findingsOf('clock');
const migrations = findingsOf('migrations');

/** Milliseconds: half of what a token's `iat` may be ahead. */
const CLOCK_LIMIT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** Of statfs(2): SQLite's locks and its shared memory do not work there. */
const networkFileSystems = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
]);

/** The database: whether it is there, keeps what it acknowledges, and has our schema. Changes nothing. */
export async function checkDatabase(config: ParsedConfig): Promise<Finding[]> {
  return config.databaseUrl === undefined ? checkSqlite(config.dataDir) : checkPostgres(config.databaseUrl);
}

function checkSqlite(dataDir: string): Finding[] {
  const file = join(dataDir, 'gatehouse.sqlite');
  let connection: Database.Database;
  try {
    connection = new Database(file, { readonly: true, fileMustExist: true, timeout: 2_000 });
  } catch {
    return [database.warn(`no database at ${file} yet`, 'start the server once, or check DATA_DIR')];
  }
  try {
    const version = connection.prepare('SELECT sqlite_version() AS version').pluck().get() as string;
    const mode = connection.pragma('journal_mode', { simple: true }) as string;
    return [
      fileSystem(file, version),
      // `synchronous` belongs to the connection: the server sets FULL on its own.
      mode === 'wal'
        ? durability.ok('journal_mode wal, synchronous full: what was acknowledged survives a power cut')
        : durability.fail(
            `journal_mode ${mode}`,
            'restart the server: it sets wal; if it cannot, move DATA_DIR to a local disk',
          ),
      clock.ok('the database is in this process: one clock'),
      migrationsOf(connection.prepare('SELECT name FROM migrations').pluck().all() as string[]),
    ];
  } catch (error) {
    return [
      database.fail(`${file} cannot be read (${reasonOf(error)})`, 'restore a backup: docs/operations.md'),
    ];
  } finally {
    connection.close();
  }
}

function fileSystem(file: string, version: string): Finding {
  const network = networkFileSystems.get(statfsSync(file).type);
  return network
    ? database.fail(`SQLite on ${network}`, 'move DATA_DIR to a local disk, or use PostgreSQL (DATABASE_URL)')
    : database.ok(`SQLite ${version}, embedded`);
}

async function checkPostgres(connectionString: string): Promise<Finding[]> {
  const client = new pg.Client({
    connectionString,
    application_name: 'gatehouse doctor',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await ask(client);
  } catch (error) {
    return [
      database.fail(
        `PostgreSQL cannot be asked (${reasonOf(error)})`,
        'check DATABASE_URL, and that the server it names runs',
      ),
    ];
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ask(client: pg.Client): Promise<Finding[]> {
  const sentAt = Date.now();
  const now = await client.query<{ now: string }>(
    'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now',
  );
  const offset = Math.round((sentAt + Date.now()) / 2 - Number(now.rows[0]?.now));
  const { rows } = await client.query<Server>(SERVER);
  const ran = await client.query<{ name: string }>('SELECT name FROM migrations').catch(() => undefined);
  return [
    ...rows.flatMap(serverFindings),
    clockFinding(offset),
    migrationsOf(ran?.rows.map(({ name }) => name) ?? []),
  ];
}

interface Server {
  version: number;
  synchronous_commit: string;
  fsync: string;
  is_standby: boolean;
  read_only: string;
  max_connections: number;
  connections: number;
}

const SERVER = `SELECT current_setting('server_version_num')::int AS version, current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('fsync') AS fsync, pg_is_in_recovery() AS is_standby, current_setting('default_transaction_read_only') AS read_only,
  current_setting('max_connections')::int AS max_connections, (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections`;

function serverFindings(server: Server): Finding[] {
  const major = Math.floor(server.version / 10_000);
  const { connections, max_connections } = server;
  const found = `PostgreSQL ${major}, ${connections} of ${max_connections} connections in use`;
  const state = () => {
    if (major < 13) return database.fail(found, 'upgrade: revocations need PostgreSQL 13 or newer');
    if (server.is_standby || server.read_only === 'on')
      return database.fail(`${found}, read-only`, 'let DATABASE_URL name the primary');
    if (max_connections - connections < 15)
      return database.warn(found, 'raise max_connections: each copy takes up to 11');
    return database.ok(found);
  };
  return [state(), postgresDurability(server)];
}

function postgresDurability({ synchronous_commit, fsync }: Server): Finding {
  const found = `synchronous_commit ${synchronous_commit}, fsync ${fsync}`;
  if (fsync === 'off') return durability.fail(found, 'set fsync = on: a power cut may destroy the database');
  if (synchronous_commit === 'off')
    return durability.fail(found, 'set synchronous_commit = on: an acknowledged sign-out may be lost');
  return durability.ok(found);
}

function clockFinding(offset: number): Finding {
  const found = `${Math.abs(offset)} ms ${offset < 0 ? 'behind' : 'ahead of'} the database's`;
  const remedy = 'let NTP (chrony, systemd-timesyncd) keep the clocks of all machines';
  if (Math.abs(offset) > CLOCK_LIMIT_MS) return clock.fail(found, remedy);
  return Math.abs(offset) > 1_000 ? clock.warn(found, remedy) : clock.ok(found);
}

function migrationsOf(ran: string[]): Finding {
  const { pending, unknown } = compareMigrations(ran);
  if (unknown.length > 0)
    return migrations.fail(
      `of a newer version: ${unknown.join(', ')}`,
      'run that version, or restore the backup from before the upgrade',
    );
  if (pending.length > 0)
    return migrations.warn(
      `${pending.length} pending: ${pending.join(', ')}`,
      `make a backup; then the next start runs them, or: ${PROGRAM} migrate`,
    );
  return migrations.ok(`all ${ran.length} have run`);
}

/** Its code, or its kind: a message may hold the URL. */
const reasonOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : isError(error) ? error.name : 'no reason given';
};

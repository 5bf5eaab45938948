import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { Config } from '../config/config.schema.js';
import { checkAddon } from './addon.js';
import { migrations } from './migrations/migrations.js';
import { waitNoLonger } from './postgres.driver.js';
import { takeTurns } from './sqlite.driver.js';

/** The one definition of the database, for the application and for TypeORM's own command line. */
export function dataSourceOptions(config: Pick<Config, 'databaseUrl' | 'dataDir'>): DataSourceOptions {
  const shared = { migrations, synchronize: false, logging: false as const };
  if (config.databaseUrl) {
    return {
      ...shared,
      type: 'postgres',
      url: config.databaseUrl,
      applicationName: 'gatehouse',
      parseInt8: true,
      extra: {
        max: 10,
        // Also for waiting in the pool's queue. Whoever waits is told so within two seconds.
        connectionTimeoutMillis: 1_300,
        // Before pulse.ts gives up: a server that can answer says so, and the connection stays.
        statement_timeout: 4_000,
        // The locks of a copy that has vanished from the network would otherwise stay until TCP notices: two hours.
        idle_in_transaction_session_timeout: 10_000,
        // For the statements that may take any time.
        keepAlive: true,
      },
    };
  }
  return {
    ...shared,
    type: 'better-sqlite3',
    database: join(config.dataDir, 'gatehouse.sqlite'),
    enableWAL: true,
    // Waiting for another process's write is ours to do (sqlite.driver.ts): here it would block the event loop.
    timeout: 0,
    prepareDatabase: prepareSqlite,
  };
}

function prepareSqlite(given: unknown): void {
  const database = given as Database.Database;
  // WAL's default is NORMAL, which may lose the last commits in a power cut.
  database.pragma('synchronous = FULL');
  // In KiB. The system has the file's pages in its own cache: better-sqlite3's 16,000 keep them twice, and nothing measured was faster.
  database.pragma('cache_size = -4000');
}

/** A data source for `options`, safe for concurrent use on either database. */
export async function createDataSource(options: DataSourceOptions): Promise<DataSource> {
  if (options.type === 'better-sqlite3') checkAddon();
  const dataSource = new DataSource({ ...options, ...(await driverOf(options)) });
  if (options.type === 'better-sqlite3') takeTurns(dataSource);
  else waitNoLonger(dataSource);
  return dataSource;
}

/** Given, and not left to TypeORM, which would look for a package; and the one that is used, not the other. */
async function driverOf({ type }: DataSourceOptions): Promise<{ driver: unknown }> {
  const { default: driver } = await (type === 'postgres' ? import('pg') : import('better-sqlite3'));
  return { driver };
}

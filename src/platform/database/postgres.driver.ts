import type { Pool } from 'pg';
import { QueryFailedError, type DataSource, type QueryResult, type ReplicationMode } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';
import { aloneOn } from './statement.js';

/** Longer than the server's own `statement_timeout`: only a server that has gone silent is given up here. */
const PATIENCE_MS = 5_000;

/**
 * Gives up a connection on which no answer comes: a network that drops packets reports no error, and TCP goes on trying for a
 * quarter of an hour. pg's `query_timeout` only stops waiting, and would hand the connection on with its transaction still open.
 */
export class ImpatientQueryRunner extends PostgresQueryRunner {
  /** Set where a statement may take any time. */
  isPatient = false;

  override query(sql: string, parameters: unknown[] | undefined, structured: true): Promise<QueryResult>;
  override query<T>(sql: string, parameters?: unknown[], structured?: boolean): Promise<T>;
  override async query(sql: string, parameters?: unknown[], structured?: boolean): Promise<unknown> {
    // Waiting for a connection has a bound of its own.
    if (!this.isReleased) await this.connect();
    const timer = this.isPatient ? undefined : setTimeout(() => this.giveUp(), PATIENCE_MS);
    try {
      return (await super.query(sql, parameters, structured)) as unknown;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Destroys the connection, which fails the statement that waits on it; the pool makes another when it needs one. */
  private giveUp(): void {
    this.releaseCallback?.(new Error('no answer from the database'));
    delete this.releaseCallback;
  }
}

/** Makes no query runner of this PostgreSQL data source wait for ever. */
export function waitNoLonger(dataSource: DataSource): void {
  const driver = dataSource.driver as PostgresDriver;
  driver.createQueryRunner = (mode: ReplicationMode) => new ImpatientQueryRunner(driver, mode);
  aloneOn.set(dataSource, (sql, parameters) => runPrepared(driver.master as Pool, sql, parameters));
}

/** A name for each statement, under which the server keeps its plan on every connection. */
const names = new Map<string, string>();

function nameOf(sql: string): string {
  const name = names.get(sql) ?? `gatehouse_${names.size}`;
  names.set(sql, name);
  return name;
}

async function runPrepared(pool: Pool, sql: string, parameters: readonly unknown[]): Promise<unknown[]> {
  const client = await pool.connect();
  const release = once((fault?: Error) => client.release(fault));
  // The pool listens only while a connection is idle: one that breaks under a statement would end the process.
  client.on('error', release);
  const timer = setTimeout(() => release(new Error('no answer from the database')), PATIENCE_MS);
  try {
    return (await client.query({ name: nameOf(sql), text: sql, values: [...parameters] })).rows as unknown[];
  } catch (error) {
    // Without the parameters: they may be secret.
    throw new QueryFailedError(sql, [], error as Error);
  } finally {
    clearTimeout(timer);
    client.off('error', release);
    release();
  }
}

function once(work: (fault?: Error) => void): (fault?: Error) => void {
  let isDone = false;
  return (fault) => {
    if (!isDone) work(fault);
    isDone = true;
  };
}

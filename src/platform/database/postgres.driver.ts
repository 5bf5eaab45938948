import type { DataSource, QueryResult, ReplicationMode } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';

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
}

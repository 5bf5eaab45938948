import { setImmediate } from 'node:timers/promises';
import type { Pool } from 'pg';
import { QueryFailedError, type DataSource, type QueryResult, type ReplicationMode } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';
import { isBrokenConnection } from './database.errors.js';
import { Pulse } from './pulse.js';
import { aloneOn } from './statement.js';

/** How often a statement is tried, and until when: with a wait for a connection after that, it is still answered within two seconds. */
const TRIES = 3;
const TRYING_MS = 500;

/** What changes nothing by itself: it may be asked twice. */
const isHarmless = (sql: string): boolean => /^(SELECT|START TRANSACTION)\b/.test(sql);

/**
 * Tries again where the connection broke. One that idles in the pool may have been dead for as long as this process was too busy to
 * read what its socket says.
 */
async function tried<T>(attempt: () => Promise<T>, beforeNext?: () => void): Promise<T> {
  const deadline = performance.now() + TRYING_MS;
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === TRIES || performance.now() > deadline || !isBrokenConnection(error)) throw error;
      // The others have broken with it: what their sockets say is read first.
      await setImmediate();
      beforeNext?.();
    }
  }
}

/** What makes a query runner take another connection. */
const UNCONNECTED = {
  isReleased: false,
  databaseConnection: undefined,
  databaseConnectionPromise: undefined,
};

/**
 * Gives up a connection on which no answer comes. pg's `query_timeout` only stops waiting, and would hand the connection on with its
 * transaction still open.
 */
export class ImpatientQueryRunner extends PostgresQueryRunner {
  /** Set where a statement may take any time. */
  isPatient = false;

  constructor(
    driver: PostgresDriver,
    mode: ReplicationMode,
    private readonly pulse: Pulse,
  ) {
    super(driver, mode);
  }

  override query(sql: string, parameters: unknown[] | undefined, structured: true): Promise<QueryResult>;
  override query<T>(sql: string, parameters?: unknown[], structured?: boolean): Promise<T>;
  override async query(sql: string, parameters?: unknown[], structured?: boolean): Promise<unknown> {
    const ask = () => this.ask(sql, parameters, structured);
    // Later ones belong to what the connection holds.
    if (this.databaseConnection || !isHarmless(sql)) return ask();
    return tried(ask, () => Object.assign(this, UNCONNECTED));
  }

  private async ask(sql: string, parameters?: unknown[], structured?: boolean): Promise<unknown> {
    // Waiting for a connection has a bound of its own.
    if (!this.isReleased) await this.connect();
    const answered = this.isPatient ? undefined : this.pulse.watch(() => this.giveUp());
    try {
      return (await super.query(sql, parameters, structured)) as unknown;
    } catch (error) {
      if (isBrokenConnection(error)) await this.discard(error as Error);
      throw error;
    } finally {
      answered?.();
    }
  }

  /** Destroys the connection, which fails the statement that waits on it; the pool makes another when it needs one. */
  private giveUp(): void {
    this.leave(new Error('no answer from the database'));
  }

  /** Keeps the pool from handing on a connection of which the server has said that it ends. */
  private async discard(error: Error): Promise<void> {
    this.leave(error);
    await this.release();
  }

  private leave(error: Error): void {
    this.releaseCallback?.(error);
    delete this.releaseCallback;
  }
}

/** Makes no query runner of this PostgreSQL data source wait for ever. */
export function waitNoLonger(dataSource: DataSource): void {
  const driver = dataSource.driver as PostgresDriver;
  const pulse = new Pulse(driver.options.url ?? '');
  driver.createQueryRunner = (mode: ReplicationMode) => new ImpatientQueryRunner(driver, mode, pulse);
  aloneOn.set(dataSource, (sql, parameters) => runPrepared(driver.master as Pool, pulse, sql, parameters));
}

/** A name for each statement, under which the server keeps its plan on every connection. */
const names = new Map<string, string>();
let named = 0;

function nameOf(sql: string): string {
  const name = names.get(sql) ?? `gatehouse_${(named += 1)}`;
  names.set(sql, name);
  return name;
}

async function runPrepared(...statement: Parameters<typeof runNamed>): Promise<unknown[]> {
  const [, , sql] = statement;
  const run = () => runNamed(...statement);
  try {
    return await (isHarmless(sql) ? tried(run) : run());
  } catch (error) {
    if (!isOutdated(error)) throw error;
    // Nothing was run, and by that name nothing would be any more, on any connection that knows it.
    names.delete(sql);
    return runNamed(...statement);
  }
}

/** A newer copy's migration has added a column to what `*` stands for in a kept plan (`feature_not_supported`). */
const isOutdated = (error: unknown): boolean =>
  error instanceof QueryFailedError && (error.driverError as { code?: unknown }).code === '0A000';

async function runNamed(
  pool: Pool,
  pulse: Pulse,
  sql: string,
  parameters: readonly unknown[],
): Promise<unknown[]> {
  const client = await pool.connect();
  const release = once((fault?: Error) => client.release(fault));
  // The pool listens only while a connection is idle: one that breaks under a statement would end the process.
  client.on('error', release);
  const answered = pulse.watch(() => release(new Error('no answer from the database')));
  try {
    return (await client.query({ name: nameOf(sql), text: sql, values: [...parameters] })).rows as unknown[];
  } catch (error) {
    // Without the parameters: they may be secret.
    const failure = new QueryFailedError(sql, [], error as Error);
    if (isBrokenConnection(failure)) release(failure);
    throw failure;
  } finally {
    answered();
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

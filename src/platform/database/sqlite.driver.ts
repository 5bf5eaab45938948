import { setTimeout as sleep } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import type { DataSource, QueryResult } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import { byNumber, SharedCommit } from './shared-commit.driver.js';
import { aloneOn } from './statement.js';

/** How long a statement waits for another process's write, and for its turn in this one. */
const PATIENCE_MS = 10_000;

const BEGIN = 'BEGIN IMMEDIATE';

/** Waits for another process's write without blocking the event loop, as SQLite's own busy timeout would. */
async function whenNotBusy<T>(work: () => T | Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const { code, driverError } = error as { code?: string; driverError?: { code?: string } };
      const isBusy = (driverError?.code ?? code)?.startsWith('SQLITE_BUSY');
      if (!isBusy || Date.now() > deadline) throw error;
      await sleep(5);
    }
  }
}

/** First in, first out: one holder at a time. */
class Turnstile {
  private occupied = false;
  private readonly waiting: (() => void)[] = [];

  /** Resolves when it is the caller's turn; rejects after `PATIENCE_MS`. */
  enter(): Promise<void> | undefined {
    if (!this.occupied) {
      this.occupied = true;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const admit = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(admit), 1);
        reject(
          new Error('waited too long for the database (does a transaction query outside its own manager?)'),
        );
      }, PATIENCE_MS);
      this.waiting.push(admit);
    });
  }

  readings(): { busy: number; idle: number; waiting: number } {
    const busy = Number(this.occupied);
    return { busy, idle: 1 - busy, waiting: this.waiting.length };
  }

  leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.occupied = false;
  }
}

/**
 * A query runner of its own for every operation, all taking turns on SQLite's one connection: TypeORM's shared one lets a
 * rollback in one request undo another's write. A transaction keeps its turn until it ends.
 */
class TurnTakingQueryRunner extends BetterSqlite3QueryRunner {
  private hasTurn = false;

  constructor(
    driver: BetterSqlite3Driver,
    private readonly turnstile: Turnstile,
    statements: Map<string, unknown>,
  ) {
    super(driver);
    Object.assign(this, { stmtCache: statements });
  }

  override async startTransaction(): Promise<void> {
    if (!this.hasTurn) await this.turnstile.enter();
    this.hasTurn = true;
    try {
      await super.startTransaction();
    } finally {
      this.releaseTurn();
    }
  }

  override async commitTransaction(): Promise<void> {
    await super.commitTransaction();
    this.releaseTurn();
  }

  override async rollbackTransaction(): Promise<void> {
    try {
      await super.rollbackTransaction();
    } finally {
      this.releaseTurn();
    }
  }

  override query(sql: string, parameters: unknown[] | undefined, structured: true): Promise<QueryResult>;
  override query<T>(sql: string, parameters?: unknown[], structured?: boolean): Promise<T>;
  override async query(sql: string, parameters?: unknown[], structured?: boolean): Promise<unknown> {
    if (this.hasTurn) return this.patiently(sql, parameters, structured);
    await this.turnstile.enter();
    try {
      return await this.patiently(sql, parameters, structured);
    } finally {
      this.turnstile.leave();
    }
  }

  private patiently(sql: string, parameters?: unknown[], structured?: boolean): Promise<unknown> {
    // IMMEDIATE takes the write lock at once: a deferred transaction can fail in the middle, with nothing to wait for.
    const statement = sql === 'BEGIN TRANSACTION' ? BEGIN : sql;
    const bound = parameters?.length && sql.includes('$1') ? [byNumber(parameters)] : parameters;
    return whenNotBusy(() => super.query(statement, bound, structured) as Promise<unknown>);
  }

  /** Ends the turn with its transaction, which SQLite is asked about: on a full disk it has rolled back by itself. */
  private releaseTurn(): void {
    if (!this.hasTurn || (this.driver.databaseConnection as Database.Database).inTransaction) return;
    this.hasTurn = false;
    this.turnstile.leave();
  }
}

const turnstiles = new WeakMap<DataSource, Turnstile>();

/** Whether somebody has the turn at this SQLite data source, and how many wait for theirs. */
export const turnsOf = (dataSource: DataSource): ReturnType<Turnstile['readings']> =>
  turnstiles.get(dataSource)?.readings() ?? { busy: 0, idle: 0, waiting: 0 };

/** Makes every query runner of this SQLite data source take turns. */
export function takeTurns(dataSource: DataSource): void {
  const driver = dataSource.driver as BetterSqlite3Driver;
  const turnstile = new Turnstile();
  turnstiles.set(dataSource, turnstile);
  const statements = new Map<string, unknown>();
  driver.createQueryRunner = () => new TurnTakingQueryRunner(driver, turnstile, statements);
  const database = () => driver.databaseConnection as Database.Database;
  const begin = () => whenNotBusy(() => void database().exec(BEGIN));
  const sharedCommit = new SharedCommit(database, turnstile, begin);
  aloneOn.set(dataSource, (sql, parameters) => sharedCommit.run(sql, parameters));
}

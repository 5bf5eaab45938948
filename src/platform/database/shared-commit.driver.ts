import type Database from 'better-sqlite3';
import { QueryFailedError } from 'typeorm';

interface Waiting {
  statement: Database.Statement;
  parameters: readonly unknown[];
  resolve: (rows: unknown[]) => void;
  reject: (error: unknown) => void;
}

/** What the rest of the data source waits for, too. */
export interface Turns {
  enter(): Promise<void> | undefined;
  leave(): void;
}

/**
 * Statements that stand alone and arrive together share one commit, as PostgreSQL's do by itself: under SQLite's FULL each commit
 * waits for the disk. None is answered before it is on the disk, and one that fails takes no other with it.
 */
export class SharedCommit {
  private readonly waiting: Waiting[] = [];
  private readonly prepared = new Map<string, Database.Statement>();

  /** `begin`: starts a transaction of ours, however long another process is writing. */
  constructor(
    private readonly database: () => Database.Database,
    private readonly turns: Turns,
    private readonly begin: () => Promise<void>,
  ) {}

  async run(sql: string, parameters: readonly unknown[]): Promise<unknown[]> {
    const statement = this.prepare(sql);
    return new Promise((resolve, reject) => {
      this.waiting.push({ statement, parameters, resolve, reject });
      // After everything that the sockets brought in this round of the event loop.
      if (this.waiting.length === 1) setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    try {
      await this.turns.enter();
    } catch (error) {
      for (const { reject } of this.waiting.splice(0)) reject(error);
      return;
    }
    const batch = this.waiting.splice(0);
    try {
      await this.commit(batch);
    } catch (error) {
      // Nothing of it is on the disk; of those that were told why they failed, that stands.
      for (const { statement, reject } of batch) reject(failed(statement, error));
      if (this.database().inTransaction) this.database().exec('ROLLBACK');
    } finally {
      this.turns.leave();
    }
  }

  private async commit(batch: readonly Waiting[]): Promise<void> {
    const writes = batch.some(({ statement }) => !statement.readonly);
    if (writes) await this.begin();
    const done = batch.map((each) => ({ each, rows: this.execute(each, writes) }));
    if (writes) this.database().exec('COMMIT');
    for (const { each, rows } of done) if (rows) each.resolve(rows);
  }

  /** Its rows; undefined where it failed, which undoes it alone, and was told so. */
  private execute({ statement, parameters, reject }: Waiting, inTransaction: boolean): unknown[] | undefined {
    const bound = parameters.length > 0 ? [byNumber(parameters)] : [];
    try {
      if (statement.reader) return statement.all(...bound);
      statement.run(...bound);
      return [];
    } catch (error) {
      // A full disk, and the like, end the transaction itself.
      if (inTransaction && !this.database().inTransaction) throw error;
      reject(failed(statement, error));
      return undefined;
    }
  }

  private prepare(sql: string): Database.Statement {
    const known = this.prepared.get(sql);
    if (known) return known;
    const statement = this.database().prepare(sql);
    this.prepared.set(sql, statement);
    return statement;
  }
}

/** SQL is written once, with PostgreSQL's `$1`; better-sqlite3 binds those by name. */
export const byNumber = (parameters: readonly unknown[]): Record<number, unknown> =>
  Object.fromEntries(parameters.map((value, i) => [i + 1, value]));

/** Without the parameters: they may be secret. */
const failed = ({ source }: Database.Statement, error: unknown): Error =>
  new QueryFailedError(source, [], error as Error);

import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { isAmong, listParameter } from '../platform/database/bulk-insert.js';
import { Gathering } from '../platform/database/gathering.js';
import { givenRows } from '../platform/database/given-rows.js';
import { statement } from '../platform/database/statement.js';
import { AccountFailures } from './account-failures.entity.js';
import { MAX_KEYS } from './bounded-memory.limiter.js';

/** What an account has counted from now on; null: nothing. */
interface Change {
  account: string;
  row: AccountFailures | null;
}

/** Keeps the failures of accounts for the next start. It never decides anything, and so may fail: what counts is in memory. */
@Injectable()
export class AccountFailuresService {
  private readonly logger = new Logger(AccountFailuresService.name);
  /** One statement at a time, so that a row never comes after the success that clears it. */
  private readonly together = new Gathering((changes: Change[]) => this.apply(changes));

  constructor(
    @InjectRepository(AccountFailures) private readonly rows: Repository<AccountFailures>,
    private readonly clock: Clock,
  ) {}

  /** What still counts, in the order in which it began, no more than memory holds. */
  async read(): Promise<AccountFailures[]> {
    const newest = await statement<AccountFailures>(
      this.rows.manager,
      `SELECT account, failures, ends_at AS "endsAt", delayed_until AS "delayedUntil"
       FROM account_failures WHERE ends_at > $1 ORDER BY ends_at DESC LIMIT ${MAX_KEYS}`,
      [this.clock.now()],
    );
    return newest.reverse();
  }

  /** Resolves when it is written, or the database would not have it. */
  write(row: AccountFailures): Promise<void> {
    return this.change({ account: row.account, row });
  }

  /** Likewise. */
  clear(account: string): Promise<void> {
    return this.change({ account, row: null });
  }

  private async change(change: Change): Promise<void> {
    try {
      await this.together.ask(change);
    } catch (error) {
      this.logger.warn(`failures not written: ${(error as Error).name}`);
    }
  }

  private async apply(changes: Change[]): Promise<undefined[]> {
    const cleared = changes.filter(({ row }) => row === null).map(({ account }) => account);
    const last = new Map(changes.map(({ account, row }) => [account, row]));
    const written = [...last.values()].filter((row) => row !== null);
    if (cleared.length > 0) await this.delete(cleared);
    if (written.length > 0) await this.upsert(written);
    return changes.map(() => undefined);
  }

  private async delete(accounts: string[]): Promise<void> {
    const { manager } = this.rows;
    await statement(
      manager,
      `DELETE FROM account_failures WHERE ${isAmong(manager, 'account', '$1', 'text')}`,
      [listParameter(manager, accounts)],
    );
  }

  /** Of copies that count the same account each for itself, the greater count stays. */
  private async upsert(rows: AccountFailures[]): Promise<void> {
    const { manager } = this.rows;
    const given = givenRows(manager.dataSource, 'given', ['account', 'failures', 'ends', 'delayed']);
    const values = rows
      // In one order, so that copies that write at the same time wait for each other in turn.
      .toSorted((a, b) => (a.account < b.account ? -1 : 1))
      .map(({ account, failures, endsAt, delayedUntil }) => ({
        account,
        failures,
        ends: endsAt,
        delayed: delayedUntil,
      }));
    await statement(
      manager,
      `INSERT INTO account_failures (account, failures, ends_at, delayed_until)
       SELECT account, CAST(failures AS integer), CAST(ends AS bigint), CAST(delayed AS bigint) FROM ${given} WHERE true
       ON CONFLICT (account) DO UPDATE
         SET failures = excluded.failures, ends_at = excluded.ends_at, delayed_until = excluded.delayed_until
         WHERE excluded.failures >= account_failures.failures OR account_failures.ends_at <= $2`,
      [JSON.stringify(values), this.clock.now()],
    );
  }
}

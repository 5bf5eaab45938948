import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock/clock.service.js';
import { statement } from './statement.js';
import { forUpdateSkipLocked } from './lock.js';

const INTERVAL_MS = 60_000;
/** Small enough that nobody waits noticeably behind one batch. */
const BATCH = 1_000;

/** Which rows of a table have had their time. */
export interface ExpiryRule {
  table: string;
  /** The column of its primary key. */
  key: string;
  /** SQL in which `$1` is the present, in epoch milliseconds, less `keepMs`. */
  condition: string;
  keepMs?: number;
  /** What `$1` is instead, where the column holds instants in another form. */
  as?: (instant: number) => string;
}

/** Sweeps away what has expired, of every table whose owner gave a rule. */
@Injectable()
export class SweepingService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(SweepingService.name);
  private readonly rules: ExpiryRule[] = [];
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<unknown> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  add(...rules: ExpiryRule[]): void {
    this.rules.push(...rules);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.sweeping ??= this.sweep()
        .catch((error: unknown) => this.logger.warn(`not swept: ${(error as Error).name}`))
        .finally(() => (this.sweeping = undefined));
    }, INTERVAL_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }

  /** Deletes what has expired, in batches. Returns how many rows went. */
  async sweep(): Promise<number> {
    let deleted = 0;
    for (const rule of this.rules) deleted += await this.deleteBatches(rule);
    return deleted;
  }

  private async deleteBatches({ table, key, condition, keepMs = 0, as }: ExpiryRule): Promise<number> {
    const instant = this.clock.now() - keepMs;
    // A sweep never waits for a transaction that holds some of the rows, so that neither can end in a deadlock.
    const lock = forUpdateSkipLocked(this.dataSource);
    let deleted = 0;
    for (;;) {
      const rows = await statement(
        this.dataSource,
        `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${condition} LIMIT ${BATCH} ${lock}) RETURNING ${key}`,
        [as ? as(instant) : instant],
      );
      deleted += rows.length;
      if (rows.length < BATCH) return deleted;
    }
  }
}

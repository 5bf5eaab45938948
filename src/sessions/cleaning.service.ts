import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { statement } from '../platform/database/statement.js';

const INTERVAL_MS = 60_000;
/** Small enough that nobody waits noticeably behind one batch. */
const BATCH = 1_000;

/** Sweeps away sessions and revocations whose time is over. */
@Injectable()
export class CleaningService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(CleaningService.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<unknown> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

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
    const sessions = await this.deleteBatches('sessions', 'id', 'expires_at <= $1');
    // The newest row stays: on SQLite the next one's position follows from it.
    const newest = 'position < (SELECT max(position) FROM revocations)';
    return (
      sessions + (await this.deleteBatches('revocations', 'session_id', `expires_at <= $1 AND ${newest}`))
    );
  }

  private async deleteBatches(table: string, key: string, condition: string): Promise<number> {
    const now = this.clock.now();
    // A sweep never waits for a transaction that holds some of the rows, so that neither can end in a deadlock.
    const lock = this.dataSource.options.type === 'postgres' ? 'FOR UPDATE SKIP LOCKED' : '';
    let deleted = 0;
    for (;;) {
      const rows = await statement(
        this.dataSource,
        `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${condition} LIMIT ${BATCH} ${lock}) RETURNING ${key}`,
        [now],
      );
      deleted += rows.length;
      if (rows.length < BATCH) return deleted;
    }
  }
}

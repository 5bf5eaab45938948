import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { statement } from '../platform/database/statement.js';
import { firstIdAt } from './event-id.js';

const INTERVAL_MS = 60_000;
const DAY_MS = 86_400_000;
/** Small enough that nobody waits noticeably behind one batch. */
const BATCH = 1_000;

/** Sweeps away what the audit has kept for long enough. */
@Injectable()
export class RetentionService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(RetentionService.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<unknown> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.auditRetentionDays === 0) return;
    this.timer = setInterval(() => {
      this.sweeping ??= this.sweep()
        .catch((error: unknown) => this.logger.warn(`audit not swept: ${(error as Error).name}`))
        .finally(() => (this.sweeping = undefined));
    }, INTERVAL_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }

  /** Deletes what is older than the setting, in batches. Returns how many rows went. */
  async sweep(): Promise<number> {
    const { auditRetentionDays } = this.config;
    if (auditRetentionDays === 0) return 0;
    const end = firstIdAt(this.clock.now() - auditRetentionDays * DAY_MS);
    let deleted = 0;
    for (;;) {
      const rows = await statement(
        this.dataSource,
        `DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE id < $1 ORDER BY id LIMIT ${BATCH}) RETURNING id`,
        [end],
      );
      deleted += rows.length;
      if (rows.length < BATCH) return deleted;
    }
  }
}

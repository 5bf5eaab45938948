import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import {
  DataSource,
  type EntityManager,
  type EntitySubscriberInterface,
  type TransactionCommitEvent,
} from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { statement } from '../platform/database/statement.js';
import { revocationLag, revocationsHeld } from './sessions.metrics.js';
import { isPostgres } from '../platform/database/lock.js';

export interface RevokedSession {
  id: string;
  /** When the last of its tokens has expired, in epoch milliseconds. */
  expiresAt: number;
}

/** What a transaction has revoked so far, kept with its query runner until it commits. */
interface Pending {
  revoked?: RevokedSession[];
}

/**
 * Which sessions ended while tokens of theirs are still good: a table that every instance holds in memory, so that no request
 * reads it. An instance's own revocations count from their commit, others' from the next poll.
 */
@Injectable()
export class RevocationsService
  implements OnModuleInit, BeforeApplicationShutdown, EntitySubscriberInterface
{
  private readonly logger = new Logger(RevocationsService.name);
  private readonly expiries = new Map<string, number>();
  /** Everything below this position has been read. */
  private floor = 0;
  /** When the table was last read, by the monotonic clock. */
  private readAt = -Infinity;
  private polling: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async onModuleInit(): Promise<void> {
    this.dataSource.subscribers.push(this);
    revocationLag.readFrom(() => ({ value: this.lagSeconds() }));
    revocationsHeld.readFrom(() => ({ value: this.expiries.size }));
    await this.poll();
    this.timer = setInterval(() => {
      // One at a time: they must not queue up behind a database that has gone silent.
      this.polling ??= this.poll()
        .catch((error: unknown) => this.logger.warn(`revocations not read: ${(error as Error).name}`))
        .finally(() => (this.polling = undefined));
    }, this.config.revocationPollMs).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.polling;
  }

  /** Whether the session ended. */
  has(sessionId: string): boolean {
    return this.expiries.has(sessionId);
  }

  /** Whether `has` may be believed: not when the table could not be read for too long. */
  isFresh(): boolean {
    return this.clock.monotonic() - this.readAt <= this.config.revocationMaxStalenessSeconds * 1000;
  }

  /** How long ago the table was last read. */
  lagSeconds(): number {
    return (this.clock.monotonic() - this.readAt) / 1000;
  }

  /** Revokes the tokens of sessions that the transaction of `manager` ends; it counts once that commits. */
  async record(sessions: readonly RevokedSession[], manager: EntityManager): Promise<void> {
    for (const { id, expiresAt } of sessions) {
      await statement(
        manager,
        `INSERT INTO revocations (session_id, position, expires_at) VALUES ($1, ${this.sql.position}, $2) RETURNING session_id`,
        [id, expiresAt],
      );
    }
    const pending = manager.queryRunner?.data as Pending;
    pending.revoked = [...(pending.revoked ?? []), ...sessions];
  }

  /** TypeORM calls this after every commit, so that no use case can forget to. */
  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    const pending = queryRunner.data as Pending;
    for (const { id, expiresAt } of pending.revoked ?? []) this.expiries.set(id, expiresAt);
    delete pending.revoked;
  }

  /** Reads what became visible since the last time, and forgets what has expired. */
  async poll(): Promise<void> {
    const startedAt = this.clock.monotonic();
    const rows = await statement<{ floor: number; session_id: string | null; expires_at: number }>(
      this.dataSource,
      `SELECT s.floor, r.session_id, r.expires_at FROM (${this.sql.floor}) s LEFT JOIN revocations r ON r.position >= $1`,
      [this.floor],
    );
    for (const { session_id, expires_at } of rows) {
      if (session_id !== null) this.expiries.set(session_id, expires_at);
    }
    const floor = rows[0]?.floor ?? 0;
    if (floor < this.floor) {
      // Positions only grow: another database stands where the one was that was read so far (a restored backup).
      this.floor = 0;
      return this.poll();
    }
    this.floor = floor;
    this.readAt = startedAt;
    const now = this.clock.now();
    for (const [id, expiresAt] of this.expiries) if (expiresAt <= now) this.expiries.delete(id);
  }

  /**
   * On PostgreSQL rows become visible in the order of commits, not of numbers. What is below the oldest transaction still running
   * at one poll is visible to it for good, so the next begins there. SQLite has one writer: numbers are in order.
   */
  private get sql(): { position: string; floor: string } {
    return isPostgres(this.dataSource)
      ? {
          position: 'pg_current_xact_id()::text::bigint',
          floor: 'SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS floor',
        }
      : {
          position: '(SELECT coalesce(max(position), 0) + 1 FROM revocations)',
          floor: 'SELECT coalesce(max(position), 0) + 1 AS floor FROM revocations',
        };
  }
}

import { randomInt } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../clock/clock.service.js';
import { statement } from '../database/statement.js';
import { backOff, MAX_ATTEMPTS } from './back-off.js';
import { describeFailure, JobFailure } from './failure.js';
import type { Job } from './job.entity.js';
import { outboxAttempts } from './outbox.metrics.js';
import { OutboxService } from './outbox.service.js';
import { forUpdateSkipLocked } from '../database/lock.js';

/** How long a job belongs to the instance that claimed it: then it was killed, and another tries. */
export const LEASE_MS = 60_000;
/** How long an attempt may take. */
const ATTEMPT_MS = 30_000;

/** What an instance has claimed. */
export type LeasedJob = Pick<Job, 'id' | 'kind' | 'payload' | 'attempts'> & { created_at: number };

/** Claims jobs, runs their handlers, and writes down how it went. */
@Injectable()
export class LeasesService {
  private readonly logger = new Logger(LeasesService.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: OutboxService,
    private readonly clock: Clock,
  ) {}

  /**
   * Since when the oldest job has been due, in epoch milliseconds, if any is. A read, cheap enough to ask every second: a write
   * that finds nothing would still wait for SQLite's one writer.
   */
  async dueSince(): Promise<number | undefined> {
    const [oldest] = await statement<{ next_attempt_at: number }>(
      this.dataSource,
      'SELECT next_attempt_at FROM outbox WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT 1',
      [this.clock.now()],
    );
    return oldest?.next_attempt_at;
  }

  /** The job, of a family or of all, that has been due longest, now this instance's: one conditional UPDATE, however many ask at once. */
  async claim(family?: string): Promise<LeasedJob | undefined> {
    const kinds = this.outbox.kindsOf(family);
    if (kinds.length === 0) return undefined;
    const now = this.clock.now();
    const lock = forUpdateSkipLocked(this.dataSource);
    const listed = kinds.map((_, i) => `$${i + 3}`).join(', ');
    const [job] = await statement<LeasedJob>(
      this.dataSource,
      `UPDATE outbox SET attempts = attempts + 1, next_attempt_at = $2
       WHERE next_attempt_at <= $1 AND id =
         (SELECT id FROM outbox WHERE next_attempt_at <= $1 AND kind IN (${listed}) ORDER BY next_attempt_at LIMIT 1 ${lock})
       RETURNING id, kind, payload, attempts, created_at`,
      [now, now + LEASE_MS, ...kinds],
    );
    return job;
  }

  /** One attempt at a claimed job. Never rejects: what it cannot write down, the end of the lease makes good. */
  async run(job: LeasedJob, shutdown: AbortSignal): Promise<void> {
    try {
      await this.attempt(job, shutdown);
    } catch (error) {
      await this.postpone(job, error, shutdown.aborted).catch((fault: unknown) =>
        this.logger.warn(`outbox not written: ${(fault as Error).name}`),
      );
    }
  }

  private async attempt(job: LeasedJob, shutdown: AbortSignal): Promise<void> {
    // Begun that often and never finished: it takes the process down with it.
    if (job.attempts > MAX_ATTEMPTS) throw new JobFailure('given up: no attempt came to an end', true);
    const payload = this.outbox.payloadOf(job);
    if (payload === undefined) throw new JobFailure('its payload cannot be decrypted', true);
    const signal = AbortSignal.any([shutdown, AbortSignal.timeout(ATTEMPT_MS)]);
    let isComplete = false as boolean;
    const handled = this.outbox.handlerOf(job.kind)?.({
      id: job.id,
      payload,
      createdAt: job.created_at,
      number: job.attempts,
      signal,
      complete: async (manager) => {
        isComplete = true;
        if (!(await this.finish(job, manager))) throw new JobFailure('its lease was lost');
      },
    });
    await orAborted(handled, signal);
    if (!isComplete) await this.finish(job, this.dataSource.manager);
    outboxAttempts.inc({ outcome: 'done' });
  }

  /** False: another instance has it, or had. */
  private async finish({ id, attempts }: LeasedJob, manager: EntityManager): Promise<boolean> {
    const rows = await statement(
      manager,
      `UPDATE outbox SET state = 'done', payload = NULL, next_attempt_at = NULL, finished_at = $1, last_error = NULL
       WHERE id = $2 AND attempts = $3 AND state = 'waiting' RETURNING id`,
      [this.clock.now(), id, attempts],
    );
    return rows.length > 0;
  }

  /** Lets a job wait for its next attempt, or gives it up. An attempt that our own end cut short does not count. */
  private async postpone(job: LeasedJob, error: unknown, isShutdown: boolean): Promise<void> {
    const { id, kind, attempts } = job;
    const isLast = error instanceof JobFailure && error.isPermanent;
    const isFailed = !isShutdown && (isLast || attempts >= MAX_ATTEMPTS);
    const now = this.clock.now();
    const next = isShutdown ? now : now + backOff(attempts, randomInt(1_001) / 1_000);
    const reason = describeFailure(error);
    outboxAttempts.inc({ outcome: isFailed ? 'given_up' : 'postponed' });
    const line = { kind, id, attempt: attempts, reason };
    if (isFailed) this.logger.error({ msg: 'outbox: given up', ...line });
    else this.logger.warn({ msg: 'outbox: to be tried again', ...line });
    await statement(
      this.dataSource,
      `UPDATE outbox SET state = $1, next_attempt_at = $2, finished_at = $3, last_error = $4, attempts = $5
       WHERE id = $6 AND attempts = $7 AND state = 'waiting' RETURNING id`,
      [
        isFailed ? 'failed' : 'waiting',
        isFailed ? null : next,
        isFailed ? now : null,
        reason,
        isShutdown ? attempts - 1 : attempts,
        id,
        attempts,
      ],
    );
  }
}

/** As `work`, but no longer than `signal` says: a handler that ignores it is left behind. */
async function orAborted(work: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const abort = () => reject(new JobFailure('it took too long'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

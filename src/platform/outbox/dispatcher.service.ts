import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DataSource, type EntitySubscriberInterface, type TransactionCommitEvent } from 'typeorm';
import { Clock } from '../clock/clock.service.js';
import { LeasesService } from './leases.service.js';
import { outboxOverdue } from './outbox.metrics.js';
import type { PendingJobs } from './outbox.service.js';

const POLL_MS = 1_000;
/** How many jobs an instance does at once: one that waits for a slow host does not hold up the rest. */
const LANES = 4;
/** So that whoever put the job has its answer before anything is done: what is done must not show in the time of the answer. */
const PAUSE_MS = 50;
/** How long an ending process waits for its jobs, and then for them to notice that they are aborted. */
const PATIENCE_MS = 5_000;
const LAST_PATIENCE_MS = 1_000;

/** Does the jobs of the outbox: soon after a commit of this process, within a second or two what others put. */
@Injectable()
export class DispatcherService
  implements OnApplicationBootstrap, BeforeApplicationShutdown, EntitySubscriberInterface
{
  private readonly logger = new Logger(DispatcherService.name);
  private readonly lanes = new Set<Promise<void>>();
  private readonly shutdown = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private pause: NodeJS.Timeout | undefined;
  private polling = false;
  private dueSince: number | undefined;
  private calls = 0;
  private isStopping = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly leases: LeasesService,
    private readonly clock: Clock,
  ) {}

  /** How long, in seconds, the oldest due job had waited when last looked, within a second or two; 0 where none was due. */
  get overdueSeconds(): number {
    return this.dueSince === undefined ? 0 : (this.clock.now() - this.dueSince) / 1000;
  }

  onApplicationBootstrap(): void {
    this.dataSource.subscribers.push(this);
    outboxOverdue.readFrom(() => ({ value: this.overdueSeconds }));
    this.timer = setInterval(() => void this.poll(), POLL_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.timer);
    clearTimeout(this.pause);
    await this.idle(PATIENCE_MS);
    this.shutdown.abort();
    await this.idle(LAST_PATIENCE_MS);
  }

  /** TypeORM calls this after every commit, so that no use case can forget to. */
  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    const pending = queryRunner.data as PendingJobs;
    if (!pending.hasJobs) return;
    delete pending.hasJobs;
    this.pause ??= setTimeout(() => {
      this.pause = undefined;
      this.start();
    }, PAUSE_MS).unref();
  }

  /** Does what is due, and what becomes due by it; resolves when nothing of it is left. */
  async drain(): Promise<void> {
    this.start();
    while (this.lanes.size > 0) await Promise.all(this.lanes);
  }

  private async poll(): Promise<void> {
    // One at a time: they must not queue up behind a database that has gone silent.
    if (this.polling) return;
    this.polling = true;
    try {
      this.dueSince = await this.leases.dueSince();
      if (this.dueSince !== undefined) this.start();
    } catch (error) {
      this.logger.warn(`outbox not read: ${(error as Error).name}`);
    } finally {
      this.polling = false;
    }
  }

  /** Begins one more line of jobs, one after the other, where there are not enough. */
  private start(): void {
    this.calls += 1;
    if (this.isStopping || this.lanes.size >= LANES) return;
    const lane = this.work()
      .catch((error: unknown) => this.logger.warn(`outbox not read: ${(error as Error).name}`))
      .finally(() => this.lanes.delete(lane));
    this.lanes.add(lane);
  }

  private async work(): Promise<void> {
    let calls: number;
    let isMore: boolean;
    do {
      calls = this.calls;
      const job = this.isStopping ? undefined : await this.leases.claim();
      isMore = job !== undefined;
      if (!job) continue;
      // Where there was one there may be another.
      this.start();
      await this.leases.run(job, this.shutdown.signal);
      // Called in the meantime, for a job that `claim` cannot have seen: it looks again.
    } while (isMore || (calls !== this.calls && !this.isStopping));
  }

  private async idle(patienceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
    await Promise.race([Promise.all(this.lanes), patience]);
    clearTimeout(timer);
  }
}

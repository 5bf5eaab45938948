import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DataSource, type EntitySubscriberInterface, type TransactionCommitEvent } from 'typeorm';
import { Clock } from '../clock/clock.service.js';
import { Lanes } from './lanes.js';
import { LeasesService } from './leases.service.js';
import { outboxOverdue } from './outbox.metrics.js';
import { OutboxService, type PendingJobs } from './outbox.service.js';

const POLL_MS = 1_000;
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
  private readonly lanes = new Map<string, Lanes>();
  private readonly shutdown = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private pause: NodeJS.Timeout | undefined;
  private polling = false;
  private dueSince: number | undefined;
  private isStopping = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: OutboxService,
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
    this.stopPause();
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
    do {
      this.stopPause();
      this.start();
      while (this.running.length > 0) await Promise.all(this.running);
    } while (this.pause);
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

  private start(): void {
    if (this.isStopping) return;
    for (const family of this.outbox.families) this.lanesOf(family).start();
  }

  private lanesOf(family: string): Lanes {
    let lanes = this.lanes.get(family);
    if (!lanes) {
      lanes = new Lanes({
        claim: () => (this.isStopping ? Promise.resolve(undefined) : this.leases.claim(family)),
        run: (job) => this.leases.run(job, this.shutdown.signal),
        failed: (error) => this.logger.warn(`outbox not read: ${(error as Error).name}`),
      });
      this.lanes.set(family, lanes);
    }
    return lanes;
  }

  private get running(): Promise<void>[] {
    return [...this.lanes.values()].flatMap(({ running }) => [...running]);
  }

  private stopPause(): void {
    clearTimeout(this.pause);
    this.pause = undefined;
  }

  private async idle(patienceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
    await Promise.race([Promise.all(this.running), patience]);
    clearTimeout(timer);
  }
}

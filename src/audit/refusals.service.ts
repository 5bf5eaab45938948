import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { databaseFault } from '../platform/database/database.errors.js';
import type { AccountName } from '../platform/errors/app.errors.js';
import { addressKey, addressOf } from '../platform/http/address.js';
import type { Refusal } from '../platform/http/refusal.js';
import { AuditEvent } from './audit-event.entity.js';
import { AuditService, storableAddress } from './audit.service.js';
import { RefusalBudget } from './refusal-budget.js';

/** Long enough for a flood to become a few statements, and for the answers to be away. */
const FLUSH_DELAY_MS = 100;
const RETRY_DELAY_MS = 1_000;
const LEFT_OUT_DELAY_MS = 60_000;
const BATCH = 500;
/** What may wait for a database that is away. */
const MAX_WAITING = 5_000;

/**
 * Writes refusals down, beside the requests: no answer waits for it, or fails because of it. What waits is in memory, bounded, and
 * goes into the database by one statement at a time.
 */
@Injectable()
export class RefusalsService {
  private readonly logger = new Logger(RefusalsService.name);
  private readonly budget: RefusalBudget;
  private waiting: AuditEvent[] = [];
  private writing: Promise<boolean> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private leftOutTimer: NodeJS.Timeout | undefined;

  constructor(
    @InjectRepository(AuditEvent) private readonly events: Repository<AuditEvent>,
    private readonly audit: AuditService,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.budget = new RefusalBudget(config.auditRefusalsPerMinute);
  }

  /** `account`: whose token or password let the request in, should the error not name one. */
  record({ request, error, status }: Refusal, account: AccountName | undefined): void {
    // A path that nobody serves: scanners ask for thousands.
    if (request.is404) return;
    const { code } = error.definition;
    const { reason = null, evidence } = error.context;
    const now = this.clock.now();
    const address = addressOf(request);
    if (this.waiting.length >= MAX_WAITING || !this.budget.take(addressKey(address), now)) {
      this.leaveOut(reason ?? code);
      return;
    }
    const { url: route = null, config } = request.routeOptions;
    const event = config.refusalEvent ?? 'request.refused';
    const about = error.context.account ?? account;
    const details = { method: request.method, route, status, code, ...evidence };
    this.put({ event, reason, details }, { requestId: request.id, address, about });
  }

  /** Resolves when everything so far is written, or the database would not have it. */
  async drain(): Promise<void> {
    this.putLeftOut();
    while (this.waiting.length > 0) if (!(await this.write())) return;
    await this.writing;
  }

  private put(
    { event, reason, details }: { event: string; reason: string | null; details: object },
    from?: { requestId: string; address: string; about: AccountName | undefined },
  ): void {
    const at = this.clock.now();
    this.waiting.push({
      id: this.audit.ids.next(at),
      at,
      event,
      reason,
      requestId: from?.requestId ?? null,
      userId: from?.about?.id ?? null,
      publicId: from?.about?.publicId ?? null,
      // Whoever was refused may not be the one whose account it is.
      actor: null,
      address: storableAddress(from?.address ?? null),
      details: JSON.stringify(details),
    });
    this.schedule(FLUSH_DELAY_MS);
  }

  private schedule(delay: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.write();
    }, delay).unref();
  }

  /** One statement at a time. False: the database would not have it. */
  private write(): Promise<boolean> {
    this.writing ??= this.insert().finally(() => (this.writing = undefined));
    return this.writing;
  }

  private async insert(): Promise<boolean> {
    const batch = this.waiting.splice(0, BATCH);
    let isDone = true;
    try {
      if (batch.length > 0) await this.events.insert(batch);
    } catch (error) {
      isDone = false;
      this.logger.warn(`refusals not written: ${(error as Error).name}`);
      // What it would never take must not stand in the way of the rest.
      if (databaseFault(error)) this.waiting.unshift(...batch);
      else this.leaveOut('not_written', batch.length);
    }
    if (this.waiting.length > 0) this.schedule(isDone ? FLUSH_DELAY_MS : RETRY_DELAY_MS);
    return isDone;
  }

  private leaveOut(reason: string, number = 1): void {
    this.budget.count(reason, number);
    this.leftOutTimer ??= setTimeout(() => this.putLeftOut(), LEFT_OUT_DELAY_MS).unref();
  }

  private putLeftOut(): void {
    clearTimeout(this.leftOutTimer);
    this.leftOutTimer = undefined;
    const counts = this.budget.takeLeftOut();
    if (!counts) return;
    const count = Object.values(counts).reduce((sum, each) => sum + each, 0);
    this.put({ event: 'audit.left_out', reason: null, details: { count, by_reason: counts } });
  }
}

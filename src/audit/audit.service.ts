import { isIP } from 'node:net';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import {
  DataSource,
  type EntityManager,
  type EntitySubscriberInterface,
  type TransactionCommitEvent,
} from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { statement } from '../platform/database/statement.js';
import { OutboxService } from '../platform/outbox/outbox.service.js';
import { EventIds } from './event-id.js';
import {
  OPERATOR,
  type EventDetails,
  type EventName,
  type GatehouseEvent,
  type ImportedBatch,
  type Origin,
} from './events.js';

/** The outbox's kind of what goes to `WEBHOOK_URL`. */
export const WEBHOOK_JOB = 'webhook.event';

/** What a transaction has recorded so far, kept with its query runner until it commits. */
interface Pending {
  audited?: GatehouseEvent[];
}

/** What a use case says of what it did. */
export interface Happening<Name extends EventName> {
  account: { id: number; publicId: string };
  origin: Origin;
  details: EventDetails[Name];
}

interface Row {
  at: number;
  name: string;
  account: { id: number; publicId: string } | null;
  origin: Origin;
  details: object;
}

/** Writes down what was done, in the transaction that does it, and tells one's own modules once it is committed. */
@Injectable()
export class AuditService implements OnModuleInit, EntitySubscriberInterface {
  private readonly logger = new Logger(AuditService.name);
  readonly ids = new EventIds();

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly emitter: EventEmitter2,
    private readonly outbox: OutboxService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.dataSource.subscribers.push(this);
  }

  /** Records `name` in the transaction of `manager`: where that is rolled back, it has not happened. */
  async record<Name extends EventName>(
    name: Name,
    { account, origin, details }: Happening<Name>,
    manager: EntityManager,
  ): Promise<void> {
    const at = this.clock.now();
    const id = await this.write({ at, name, account, origin, details }, manager);
    const event = eventOf({ id, at, name }, { account, origin, details });
    if (this.config.webhookUrl !== undefined) await this.outbox.put(WEBHOOK_JOB, event, manager);
    const pending = manager.queryRunner?.data as Pending;
    pending.audited = [...(pending.audited ?? []), event];
  }

  /** Records a batch of an import: it is about many accounts, so that none is told of it. */
  async recordBatch(batch: ImportedBatch, manager: EntityManager): Promise<void> {
    const row = { at: this.clock.now(), name: 'accounts.imported', account: null, origin: OPERATOR };
    await this.write({ ...row, details: batch }, manager);
  }

  /** TypeORM calls this after every commit. What a listener throws is its own affair. */
  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    const pending = queryRunner.data as Pending;
    const events = pending.audited ?? [];
    delete pending.audited;
    for (const event of events) this.emit(event);
  }

  /** Returns the row's id. */
  private async write({ at, name, account, origin, details }: Row, manager: EntityManager): Promise<string> {
    const id = this.ids.next(at);
    const { requestId, actor, address } = origin;
    await statement(
      manager,
      `INSERT INTO audit_events (id, at, event, request_id, user_id, public_id, actor, address, details)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        ...[id, at, name, requestId, account?.id ?? null, account?.publicId ?? null],
        ...[actor, storableAddress(address), JSON.stringify(details)],
      ],
    );
    return id;
  }

  private emit(event: GatehouseEvent): void {
    try {
      this.emitter.emit(event.event, event);
    } catch (error) {
      this.logger.error({
        msg: 'a listener failed',
        request_id: event.request_id,
        event: event.event,
        error: (error as Error).name,
      });
    }
  }
}

/** An IP address, or null for what a proxy wrote there and is none. */
export const storableAddress = (text: string | null): string | null =>
  text !== null && isIP(text) > 0 ? text : null;

function eventOf<Name extends EventName>(
  { id, at, name }: { id: string; at: number; name: Name },
  { account, origin, details }: Happening<Name>,
): GatehouseEvent<Name> {
  return {
    id,
    event: name,
    at: new Date(at).toISOString(),
    account: { id: account.publicId, number: account.id },
    actor: origin.actor,
    address: storableAddress(origin.address),
    request_id: origin.requestId,
    details,
  };
}

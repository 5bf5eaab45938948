import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository } from 'typeorm';
import { pageOf, type Condition } from '../platform/database/bounded-page.js';
import { AuditEvent } from './audit-event.entity.js';
import { firstIdAt } from './event-id.js';

export interface AuditFilter {
  /** Of the account that it is about. */
  publicId?: string | undefined;
  event?: string | undefined;
  reason?: string | undefined;
  requestId?: string | undefined;
  /** From then on, in epoch milliseconds. */
  since?: number | undefined;
  /** Only what came before the one of this id. */
  before?: string | undefined;
  limit: number;
}

interface AuditRow {
  id: string;
  at: number;
  event: string;
  reason: string | null;
  request_id: string | null;
  user_id: number | null;
  public_id: string | null;
  actor: string | null;
  address: string | null;
  details: string;
}

/** Reads the audit. */
@Injectable()
export class AuditEventsService {
  constructor(
    @InjectRepository(AuditEvent) private readonly events: Repository<AuditEvent>,
    private readonly dataSource: DataSource,
  ) {}

  /** All that happened by one request, in the order that it happened in. */
  ofRequest(requestId: string): Promise<AuditEvent[]> {
    return this.events.find({ where: { requestId }, order: { id: 'ASC' }, take: 1_000 });
  }

  /** The newest first. `next` is the next page's `before`. */
  async page({
    before,
    limit,
    ...filter
  }: AuditFilter): Promise<{ events: AuditEvent[]; next: string | null }> {
    const { indexed, filters } = conditionsOf(filter);
    const table = 'audit_events';
    const order = { key: 'id', direction: 'DESC' } as const;
    const page = { table, ...order, indexed, filters, after: before, limit };
    const { rows, next } = await pageOf<AuditRow>(this.dataSource, page);
    return { events: rows.map(eventOf), next: next === null ? null : String(next) };
  }
}

/** The first of these that is given finds its rows by an index; the others are asked of those. */
function conditionsOf({ requestId, publicId, event, reason, since }: Omit<AuditFilter, 'limit' | 'before'>): {
  indexed: Condition[];
  filters: Condition[];
} {
  const given = Object.entries({ request_id: requestId, public_id: publicId, event, reason }).flatMap(
    ([column, value]) => (value === undefined ? [] : [{ column, value }]),
  );
  const equals = given.map(({ column, value }) => ({ sql: `${column} = $1`, parameters: [value] }));
  const isIndexed = given[0] !== undefined && given[0].column !== 'reason';
  const from = since === undefined ? [] : [{ sql: 'id >= $1', parameters: [firstIdAt(since)] }];
  return isIndexed
    ? { indexed: [...equals.slice(0, 1), ...from], filters: equals.slice(1) }
    : { indexed: from, filters: equals };
}

const eventOf = ({ request_id, user_id, public_id, ...row }: AuditRow): AuditEvent => ({
  ...row,
  requestId: request_id,
  userId: user_id,
  publicId: public_id,
});

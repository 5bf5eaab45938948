import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Something that was done, or refused. Rows are written once and never changed. */
@Entity('audit_events')
@Index('audit_events_public_id_idx', ['publicId', 'id'])
@Index('audit_events_event_idx', ['event', 'id'])
export class AuditEvent {
  /** In the order of time: a UUID of version 7. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  /** Epoch milliseconds. */
  @Column({ type: 'bigint' })
  at!: number;

  /** An `EventName`, of refusals the one that their route declares. */
  @Column({ type: 'varchar', length: 40 })
  event!: string;

  /** Of refusals: why. */
  @Column({ type: 'varchar', length: 40, nullable: true })
  reason!: string | null;

  /** What the client was told in `X-Request-Id`; absent: it was no request. */
  @Column({ name: 'request_id', type: 'varchar', length: 36, nullable: true })
  @Index('audit_events_request_id_idx')
  requestId!: string | null;

  /** The account that it is about. No foreign key: what happened to a deleted account has happened. */
  @Column({ name: 'user_id', type: 'integer', nullable: true })
  userId!: number | null;

  @Column({ name: 'public_id', type: 'varchar', length: 8, nullable: true })
  publicId!: string | null;

  /** Who did it: an account's public id, or `command line`. Absent: nobody who is known. */
  @Column({ type: 'varchar', length: 16, nullable: true })
  actor!: string | null;

  /** The IP address that it came from. */
  @Column({ type: 'varchar', length: 45, nullable: true })
  address!: string | null;

  /** A JSON object, never with a secret or an e-mail address in it. */
  @Column({ type: 'text' })
  details!: string;
}

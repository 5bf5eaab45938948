import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A session that ended while tokens of it were still good. Written once, never changed. */
@Entity('revocations')
export class Revocation {
  @PrimaryColumn({ name: 'session_id', type: 'varchar', length: 32 })
  sessionId!: string;

  /** Orders the table by when its rows become visible: PostgreSQL's transaction id, a running number on SQLite. */
  @Column({ type: 'bigint' })
  @Index('revocations_position_idx')
  position!: number;

  /** When the last token of the session has expired, in epoch milliseconds. */
  @Column({ name: 'expires_at', type: 'bigint' })
  @Index('revocations_expires_at_idx')
  expiresAt!: number;
}

import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Something that was promised in a transaction, and is done after it. */
@Entity('outbox')
@Index('outbox_kind_idx', ['kind', 'nextAttemptAt'])
export class Job {
  @PrimaryColumn({ type: 'varchar', length: 22 })
  id!: string;

  /** Which handler does it. */
  @Column({ type: 'varchar', length: 64 })
  kind!: string;

  @Column({ type: 'varchar', length: 8 })
  state!: 'waiting' | 'done' | 'failed';

  /** JSON, encrypted; none any more once it is done. */
  @Column({ type: 'text', nullable: true })
  payload!: string | null;

  /** How often it was begun. */
  @Column({ type: 'integer' })
  attempts!: number;

  /** This and the next two: epoch milliseconds. */
  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: number;

  /** While somebody is at it: when their lease ends. Absent where nothing is left to do. */
  @Column({ name: 'next_attempt_at', type: 'bigint', nullable: true })
  @Index('outbox_next_attempt_at_idx')
  nextAttemptAt!: number | null;

  /** When it was done, or given up. */
  @Column({ name: 'finished_at', type: 'bigint', nullable: true })
  @Index('outbox_finished_at_idx')
  finishedAt!: number | null;

  /** Why the newest attempt did not work. */
  @Column({ name: 'last_error', type: 'varchar', length: 200, nullable: true })
  lastError!: string | null;
}

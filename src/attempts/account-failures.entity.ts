import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The wrong passwords in a row of an account, or of an e-mail that has none. */
@Entity('account_failures')
export class AccountFailures {
  /** A hash of the e-mail; where they came from an address it has signed in from, `@` and that. */
  @PrimaryColumn({ type: 'varchar', length: 68 })
  account!: string;

  @Column({ type: 'integer' })
  failures!: number;

  /** When they count no more, in epoch milliseconds. */
  @Column({ name: 'ends_at', type: 'bigint' })
  @Index('account_failures_ends_at_idx')
  endsAt!: number;

  /** Until when nobody may try again, in epoch milliseconds. */
  @Column({ name: 'delayed_until', type: 'bigint' })
  delayedUntil!: number;
}

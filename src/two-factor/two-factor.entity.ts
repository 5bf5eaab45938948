import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** The authenticator of an account, from its enrolment on. */
@Entity('two_factor')
export class TwoFactor {
  @PrimaryColumn({ name: 'user_id', type: 'integer' })
  @ForeignKey('users', 'id', { name: 'two_factor_user_id_fkey', onDelete: 'CASCADE' })
  userId!: number;

  /** Encrypted, bound to the account. */
  @Column({ type: 'varchar', length: 120 })
  secret!: string;

  /** Since when logins ask for it, in epoch milliseconds; absent: enrolment is not finished. */
  @Column({ name: 'confirmed_at', type: 'bigint', nullable: true })
  confirmedAt!: number | null;

  /** The newest time step whose code was accepted: no older one ever is again. */
  @Column({ name: 'last_used_step', type: 'bigint', nullable: true })
  lastUsedStep!: number | null;

  /** Wrong codes, none of them a budget's window after the one before. */
  @Column({ name: 'failed_codes', type: 'integer', default: 0 })
  failedCodes!: number;

  /** When the newest of `failedCodes` came, in epoch milliseconds. */
  @Column({ name: 'last_failed_at', type: 'bigint', default: 0 })
  lastFailedAt!: number;
}

import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** An address from which an account has signed in. */
@Entity('sign_in_addresses')
export class SignInAddress {
  @PrimaryColumn({ name: 'user_id', type: 'integer' })
  @ForeignKey('users', 'id', { name: 'sign_in_addresses_user_id_fkey', onDelete: 'CASCADE' })
  userId!: number;

  /** As `addressKey` writes it. */
  @PrimaryColumn({ type: 'varchar', length: 45 })
  address!: string;

  /** Of the last login that was recorded, in epoch milliseconds. */
  @Column({ name: 'used_at', type: 'bigint' })
  usedAt!: number;
}

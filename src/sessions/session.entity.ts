import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** One login and the line of access tokens that grows from it, one of them the newest. */
@Entity('sessions')
export class Session {
  /** The `sid` of its tokens: the account's public id, a dot, 128 random bits. */
  @PrimaryColumn({ type: 'varchar', length: 32 })
  id!: string;

  @Column({ name: 'user_id', type: 'integer' })
  @Index('sessions_user_id_idx')
  @ForeignKey('users', 'id', { name: 'sessions_user_id_fkey', onDelete: 'CASCADE' })
  userId!: number;

  /** The `jti` of the newest token. */
  @Column({ name: 'token_id', type: 'varchar', length: 22 })
  tokenId!: string;

  /** Where the login came from: an IP address. */
  @Column({ type: 'varchar', length: 45 })
  address!: string;

  @Column({ name: 'user_agent', type: 'varchar', length: 255 })
  userAgent!: string;

  /** This and the next two: epoch milliseconds. */
  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: number;

  /** When the newest token was issued. */
  @Column({ name: 'refreshed_at', type: 'bigint' })
  refreshedAt!: number;

  /** The absolute end: no token outlives it. */
  @Column({ name: 'expires_at', type: 'bigint' })
  expiresAt!: number;
}

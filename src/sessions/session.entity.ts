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

  /** The `jti` of the token before it. */
  @Column({ name: 'previous_token_id', type: 'varchar', length: 22, nullable: true })
  previousTokenId!: string | null;

  /** Where the login came from: an IP address. */
  @Column({ type: 'varchar', length: 45 })
  address!: string;

  @Column({ name: 'user_agent', type: 'varchar', length: 255 })
  userAgent!: string;

  /** This and the next three: epoch milliseconds. */
  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: number;

  /** When the newest token was issued. */
  @Column({ name: 'refreshed_at', type: 'bigint' })
  refreshedAt!: number;

  /** When all its tokens have expired: until then, ending the session revokes them. */
  @Column({ name: 'tokens_expire_at', type: 'bigint' })
  tokensExpireAt!: number;

  /** The absolute end: no token outlives it. */
  @Column({ name: 'expires_at', type: 'bigint' })
  @Index('sessions_expires_at_idx')
  expiresAt!: number;
}

import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A token that was mailed to somebody and not used yet. */
@Entity('one_time_tokens')
@Index('one_time_tokens_subject_idx', ['subject', 'purpose'])
export class OneTimeToken {
  /** SHA-256, base64url: the token itself is in the mail alone. */
  @PrimaryColumn({ name: 'token_hash', type: 'varchar', length: 43 })
  tokenHash!: string;

  /** What it is good for, and nothing else. */
  @Column({ type: 'varchar', length: 32 })
  purpose!: string;

  /** Whom it is about: an account's number, or an e-mail address that has none yet. */
  @Column({ type: 'varchar', length: 254 })
  subject!: string;

  /** What its issuer wants to find again, as JSON. */
  @Column({ type: 'text' })
  content!: string;

  /** Epoch milliseconds. */
  @Column({ name: 'expires_at', type: 'bigint' })
  @Index('one_time_tokens_expires_at_idx')
  expiresAt!: number;
}

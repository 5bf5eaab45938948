import { Column, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** An account. */
@Entity('users')
@Unique('users_public_id_key', ['publicId'])
@Unique('users_email_key', ['email'])
@Index('users_role_idx', ['role', 'id'])
@Index('users_disabled_idx', ['id'], { where: 'disabled_at IS NOT NULL' })
export class User {
  /** Never reused: it is `sub` and `id` to clients of `/api/users/auth`. */
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  /** Eight of A–Z and 0–9, random: `sub` and `id` to clients of `/v1`. */
  @Column({ name: 'public_id', type: 'varchar', length: 8 })
  publicId!: string;

  /** In the form that `canonicalEmail` gives. */
  @Column({ type: 'varchar', length: 254 })
  email!: string;

  /** Absent: nobody can log in by password. */
  @Column({ name: 'password_hash', type: 'varchar', length: 255, nullable: true })
  passwordHash!: string | null;

  @Column({ type: 'varchar', length: 32 })
  role!: string;

  /** Since when the account may not be used, in epoch milliseconds. */
  @Column({ name: 'disabled_at', type: 'bigint', nullable: true })
  disabledAt!: number | null;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: number;

  @Column({ name: 'updated_at', type: 'bigint' })
  updatedAt!: number;
}

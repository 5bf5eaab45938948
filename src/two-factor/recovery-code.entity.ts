import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** A recovery code that was not used yet. */
@Entity('recovery_codes')
export class RecoveryCode {
  @PrimaryColumn({ name: 'user_id', type: 'integer' })
  @ForeignKey('users', 'id', { name: 'recovery_codes_user_id_fkey', onDelete: 'CASCADE' })
  userId!: number;

  @PrimaryColumn({ name: 'code_hash', type: 'varchar', length: 43 })
  codeHash!: string;

  /** Epoch milliseconds. */
  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: number;
}

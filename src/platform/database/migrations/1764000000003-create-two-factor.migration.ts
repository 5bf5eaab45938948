import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

const ofUser = (name: string) => ({
  name,
  columnNames: ['user_id'],
  referencedTableName: 'users',
  referencedColumnNames: ['id'],
  onDelete: 'CASCADE',
});

export class CreateTwoFactor1764000000003 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'two_factor',
        columns: [
          { name: 'user_id', type: 'integer', isPrimary: true },
          { name: 'secret', type: 'varchar', length: '120' },
          { name: 'confirmed_at', type: 'bigint', isNullable: true },
          { name: 'last_used_step', type: 'bigint', isNullable: true },
          { name: 'failed_codes', type: 'integer', default: 0 },
          { name: 'last_failed_at', type: 'bigint', default: 0 },
        ],
        foreignKeys: [ofUser('two_factor_user_id_fkey')],
      }),
    );
    await queryRunner.createTable(
      new Table({
        name: 'recovery_codes',
        columns: [
          { name: 'user_id', type: 'integer', isPrimary: true },
          { name: 'code_hash', type: 'varchar', length: '43', isPrimary: true },
          { name: 'created_at', type: 'bigint' },
        ],
        foreignKeys: [ofUser('recovery_codes_user_id_fkey')],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('recovery_codes');
    await queryRunner.dropTable('two_factor');
  }
}

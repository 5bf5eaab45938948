import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateAccountFailures1764000000013 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'account_failures',
        columns: [
          { name: 'account', type: 'varchar', length: '68', isPrimary: true },
          { name: 'failures', type: 'integer' },
          { name: 'ends_at', type: 'bigint' },
          { name: 'delayed_until', type: 'bigint' },
        ],
        indices: [{ name: 'account_failures_ends_at_idx', columnNames: ['ends_at'] }],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('account_failures');
  }
}

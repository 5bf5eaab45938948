import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateOutbox1764000000005 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'outbox',
        columns: [
          { name: 'id', type: 'varchar', length: '22', isPrimary: true },
          { name: 'kind', type: 'varchar', length: '64' },
          { name: 'state', type: 'varchar', length: '8' },
          { name: 'payload', type: 'text', isNullable: true },
          { name: 'attempts', type: 'integer' },
          { name: 'created_at', type: 'bigint' },
          { name: 'next_attempt_at', type: 'bigint', isNullable: true },
          { name: 'finished_at', type: 'bigint', isNullable: true },
          { name: 'last_error', type: 'varchar', length: '200', isNullable: true },
        ],
        indices: [
          { name: 'outbox_next_attempt_at_idx', columnNames: ['next_attempt_at'] },
          { name: 'outbox_finished_at_idx', columnNames: ['finished_at'] },
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('outbox');
  }
}

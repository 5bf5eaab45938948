import { TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

export class AddOutboxIndex1764000000012 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createIndex(
      'outbox',
      new TableIndex({ name: 'outbox_kind_idx', columnNames: ['kind', 'next_attempt_at'] }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropIndex('outbox', 'outbox_kind_idx');
  }
}

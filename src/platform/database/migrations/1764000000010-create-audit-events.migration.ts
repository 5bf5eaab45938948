import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateAuditEvents1764000000010 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'audit_events',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'at', type: 'bigint' },
          { name: 'event', type: 'varchar', length: '40' },
          { name: 'reason', type: 'varchar', length: '40', isNullable: true },
          { name: 'request_id', type: 'varchar', length: '36', isNullable: true },
          { name: 'user_id', type: 'integer', isNullable: true },
          { name: 'public_id', type: 'varchar', length: '8', isNullable: true },
          { name: 'actor', type: 'varchar', length: '16', isNullable: true },
          { name: 'address', type: 'varchar', length: '45', isNullable: true },
          { name: 'details', type: 'text' },
        ],
        indices: [
          { name: 'audit_events_public_id_idx', columnNames: ['public_id', 'id'] },
          { name: 'audit_events_event_idx', columnNames: ['event', 'id'] },
          { name: 'audit_events_request_id_idx', columnNames: ['request_id'] },
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('audit_events');
  }
}

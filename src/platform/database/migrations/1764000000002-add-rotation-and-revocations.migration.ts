import { Table, TableColumn, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

export class AddRotationAndRevocations1764000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Sessions from before know no parent token, and when their tokens expire only by the most that was allowed: a day.
    await queryRunner.addColumns('sessions', [
      new TableColumn({ name: 'previous_token_id', type: 'varchar', length: '22', isNullable: true }),
      new TableColumn({ name: 'tokens_expire_at', type: 'bigint', isNullable: true }),
    ]);
    await queryRunner.query('UPDATE sessions SET tokens_expire_at = refreshed_at + 86400000');
    await queryRunner.changeColumn(
      'sessions',
      'tokens_expire_at',
      new TableColumn({ name: 'tokens_expire_at', type: 'bigint' }),
    );
    await queryRunner.createIndex(
      'sessions',
      new TableIndex({ name: 'sessions_expires_at_idx', columnNames: ['expires_at'] }),
    );
    await queryRunner.createTable(
      new Table({
        name: 'revocations',
        columns: [
          { name: 'session_id', type: 'varchar', length: '32', isPrimary: true },
          { name: 'position', type: 'bigint' },
          { name: 'expires_at', type: 'bigint' },
        ],
        indices: [
          { name: 'revocations_position_idx', columnNames: ['position'] },
          { name: 'revocations_expires_at_idx', columnNames: ['expires_at'] },
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('revocations');
    await queryRunner.dropIndex('sessions', 'sessions_expires_at_idx');
    await queryRunner.dropColumns('sessions', ['previous_token_id', 'tokens_expire_at']);
  }
}

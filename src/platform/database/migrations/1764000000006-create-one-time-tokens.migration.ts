import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateOneTimeTokens1764000000006 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'one_time_tokens',
        columns: [
          { name: 'token_hash', type: 'varchar', length: '43', isPrimary: true },
          { name: 'purpose', type: 'varchar', length: '32' },
          { name: 'subject', type: 'varchar', length: '254' },
          { name: 'content', type: 'text' },
          { name: 'expires_at', type: 'bigint' },
        ],
        indices: [
          { name: 'one_time_tokens_subject_idx', columnNames: ['subject', 'purpose'] },
          { name: 'one_time_tokens_expires_at_idx', columnNames: ['expires_at'] },
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('one_time_tokens');
  }
}

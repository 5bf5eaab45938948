import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateUsersAndSessions1764000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'users',
        columns: [
          {
            name: 'id',
            type: 'integer',
            isPrimary: true,
            isGenerated: true,
            generationStrategy: 'increment',
          },
          { name: 'public_id', type: 'varchar', length: '8' },
          { name: 'email', type: 'varchar', length: '254' },
          { name: 'password_hash', type: 'varchar', length: '255', isNullable: true },
          { name: 'role', type: 'varchar', length: '32' },
          { name: 'disabled_at', type: 'bigint', isNullable: true },
          { name: 'created_at', type: 'bigint' },
          { name: 'updated_at', type: 'bigint' },
        ],
        uniques: [
          { name: 'users_public_id_key', columnNames: ['public_id'] },
          { name: 'users_email_key', columnNames: ['email'] },
        ],
      }),
    );
    await queryRunner.createTable(
      new Table({
        name: 'sessions',
        columns: [
          { name: 'id', type: 'varchar', length: '32', isPrimary: true },
          { name: 'user_id', type: 'integer' },
          { name: 'token_id', type: 'varchar', length: '22' },
          { name: 'address', type: 'varchar', length: '45' },
          { name: 'user_agent', type: 'varchar', length: '255' },
          { name: 'created_at', type: 'bigint' },
          { name: 'refreshed_at', type: 'bigint' },
          { name: 'expires_at', type: 'bigint' },
        ],
        foreignKeys: [
          {
            name: 'sessions_user_id_fkey',
            columnNames: ['user_id'],
            referencedTableName: 'users',
            referencedColumnNames: ['id'],
            onDelete: 'CASCADE',
          },
        ],
        indices: [{ name: 'sessions_user_id_idx', columnNames: ['user_id'] }],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('sessions');
    await queryRunner.dropTable('users');
  }
}

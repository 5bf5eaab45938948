import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateSignInAddresses1764000000004 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'sign_in_addresses',
        columns: [
          { name: 'user_id', type: 'integer', isPrimary: true },
          { name: 'address', type: 'varchar', length: '45', isPrimary: true },
          { name: 'used_at', type: 'bigint' },
        ],
        foreignKeys: [
          {
            name: 'sign_in_addresses_user_id_fkey',
            columnNames: ['user_id'],
            referencedTableName: 'users',
            referencedColumnNames: ['id'],
            onDelete: 'CASCADE',
          },
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('sign_in_addresses');
  }
}

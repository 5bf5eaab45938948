import { TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

export class AddAccountIndexes1764000000011 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createIndices('users', [
      new TableIndex({ name: 'users_role_idx', columnNames: ['role', 'id'] }),
      new TableIndex({ name: 'users_disabled_idx', columnNames: ['id'], where: 'disabled_at IS NOT NULL' }),
    ]);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropIndex('users', 'users_disabled_idx');
    await queryRunner.dropIndex('users', 'users_role_idx');
  }
}

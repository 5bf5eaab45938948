import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { createDataSource, dataSourceOptions } from '../../src/platform/database/data-source.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { migrations } from '../../src/platform/database/migrations/migrations.js';
import { startApp, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

/** The statements that would bring the schema to what the entities say. */
async function difference(dataSource: DataSource): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}

async function tables(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource.query<{ name: string }[]>(
    dataSource.options.type === 'postgres'
      ? `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`
      : `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
  );
  return rows.map(({ name }) => name).sort();
}

describe('the schema that the migrations make', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await startApp();
  });
  afterEach(() => app.close());

  it('is the one of the entities', async () => {
    const entities = app.dataSource.entityMetadatas.map(({ tableName }) => tableName);
    expect(await tables(app.dataSource)).toEqual([...entities, 'migrations'].sort());
    expect(await difference(app.dataSource)).toEqual([]);
  });

  it.each([
    ['a column more', 'ALTER TABLE films ADD COLUMN stars integer'],
    ['a column less', 'ALTER TABLE films DROP COLUMN year'],
    ['an index less', 'DROP INDEX sessions_user_id_idx'],
  ])('would not be, with %s', async (_, change) => {
    await app.dataSource.query(change);
    expect(await difference(app.dataSource)).not.toEqual([]);
  });

  it('goes back to nothing, step by step, and comes again', async () => {
    const before = await tables(app.dataSource);
    for (let i = 0; i < migrations.length; i += 1)
      await app.dataSource.undoLastMigration({ transaction: 'each' });
    expect(await tables(app.dataSource)).toEqual(['migrations']);
    expect(await app.dataSource.query('SELECT * FROM migrations')).toEqual([]);
    expect(await migrate(app.dataSource)).toHaveLength(migrations.length);
    expect(await tables(app.dataSource)).toEqual(before);
    expect(await difference(app.dataSource)).toEqual([]);
  });

  it('is left alone by another start', async () => {
    expect(await migrate(app.dataSource)).toEqual([]);
  });
});

describe('an empty database', () => {
  let database: TestDatabase;
  let copies: DataSource[];
  beforeEach(async () => {
    database = await createDatabase();
    copies = await Promise.all([1, 2, 3].map(() => createDataSource(dataSourceOptions(database))));
    await Promise.all(copies.map((copy) => copy.initialize()));
  });
  afterEach(async () => {
    await Promise.all(copies.map((copy) => copy.destroy()));
    await database.drop();
  });

  // Whole processes that start together: test/contracts/start.spec.ts.
  it('is migrated once by several copies that start together', async () => {
    const ran = await Promise.all(copies.map((copy) => migrate(copy)));
    expect(ran.map(({ length }) => length).sort()).toEqual([0, 0, migrations.length]);
  });
});

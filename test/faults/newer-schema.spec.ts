import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatehouse } from '../commands/gatehouse.js';
import { startApp, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { startProcess } from '../support/process.js';

describe('an older program on the schema of a newer one', () => {
  let database: TestDatabase;
  let t: TestApp;
  beforeAll(async () => {
    database = await createDatabase();
    t = await startApp({ database });
    await t.dataSource.query('INSERT INTO migrations (timestamp, name) VALUES ($1, $2)', [
      9e12,
      'FromTheFuture9000000000000',
    ]);
  });
  afterAll(async () => {
    await t.close();
    await database.drop();
  });

  it('refuses to start, and says why', async () => {
    const starting = startProcess(database);
    await expect(starting).rejects.toThrow(/ended \(1\)[^]*newer version of Gatehouse \(FromTheFuture9/);
  });

  it.each([['users', 'list'], ['migrate']])('refuses %s', async (...args) => {
    const { code, stdout, stderr } = await gatehouse(database, args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^Refused: the database was migrated by a newer version .*restore the backup.*\n$/,
    );
  });

  it('goes on where it runs already: the newer one is taking over', async () => {
    expect((await fetch(`${t.url}/readyz`)).status).toBe(200);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatehouse } from '../commands/gatehouse.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post } from '../support/http.js';
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

  it('goes on where the newer one has added columns to what it reads', async () => {
    const email = 'rolling@example.com';
    await t.createUser(email);
    // On every connection, as long as its plan is kept.
    const logins = () => Promise.all(Array.from({ length: 20 }, () => login(t.url, email, PASSWORD)));
    const refreshed = async (token: string) =>
      (await post(`${t.url}/v1/refresh-token`, undefined, bearer(token))).status;
    const tokens = await logins();
    expect(new Set(await Promise.all(tokens.slice(0, 10).map(refreshed)))).toEqual(new Set([200]));
    for (const table of ['users', 'sessions'])
      await t.dataSource.query(`ALTER TABLE ${table} ADD COLUMN from_the_future integer`);
    expect(new Set(await Promise.all(tokens.slice(10).map(refreshed)))).toEqual(new Set([200]));
    expect(await logins()).toHaveLength(20);
  });
});

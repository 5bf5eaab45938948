import Sqlite from 'better-sqlite3';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../src/platform/database/data-source.js';
import { statement } from '../../src/platform/database/statement.js';
import { createDatabase, type TestDatabase } from '../support/database.js';

/** Statements that stand alone, many at once: each counts for itself, whatever becomes of its neighbours. */
describe('statements at once', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createDatabase();
    dataSource = await createDataSource(
      database.databaseUrl
        ? { type: 'postgres', url: database.databaseUrl }
        : {
            type: 'better-sqlite3',
            database: join(database.dataDir, 'x.sqlite'),
            enableWAL: true,
            timeout: 0,
          },
    );
    await dataSource.initialize();
    await statement(
      dataSource,
      'CREATE TABLE counts (id integer PRIMARY KEY, n integer NOT NULL CHECK (n < 1000))',
      [],
    );
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  beforeEach(async () => {
    await statement(dataSource, 'DELETE FROM counts', []);
    await statement(dataSource, 'INSERT INTO counts VALUES (1, 0), (2, 0)', []);
  });

  const add = (id: number, n: number) =>
    statement<{ n: number }>(dataSource, 'UPDATE counts SET n = n + $1 WHERE id = $2 RETURNING n', [n, id]);
  const read = async (id: number) =>
    (await statement<{ n: number }>(dataSource, 'SELECT n FROM counts WHERE id = $1', [id]))[0]?.n;

  it('lose none, and each sees what those before it did', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => add(1, 1)));
    expect(answers.map(([row]) => row?.n).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
    expect(await read(1)).toBe(200);
  });

  it('fail alone', async () => {
    const outcomes = await Promise.allSettled([
      add(1, 1),
      add(2, 5_000),
      statement(dataSource, 'INSERT INTO counts VALUES (1, 0)', []),
      statement(dataSource, 'nonsense', []),
      add(1, 1),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect([await read(1), await read(2)]).toEqual([2, 0]);
  });

  it('keep their parameters to themselves where they fail', async () => {
    const failure = await add(2, 5_000).catch((error: unknown) => error);
    expect(failure).toMatchObject({ parameters: [] });
  });

  it('stand apart from a transaction that is rolled back', async () => {
    let written: Promise<unknown> = Promise.resolve();
    const transaction = dataSource.transaction(async (manager) => {
      await statement(manager, 'UPDATE counts SET n = 7 WHERE id = 2', []);
      written = add(1, 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new Error('rolled back');
    });
    await expect(transaction).rejects.toThrow('rolled back');
    await written;
    expect([await read(1), await read(2)]).toEqual([1, 0]);
  });

  it('are seen by another process once they are answered', async () => {
    if (database.databaseUrl) return; // PostgreSQL's own promise.
    const other = new Sqlite(join(database.dataDir, 'x.sqlite'));
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        await add(1, 1);
        const { n } = other.prepare('SELECT n FROM counts WHERE id = 1').get() as { n: number };
        expect(n).toBeGreaterThan(i - 50);
        expect(n).toBeGreaterThanOrEqual(1);
      }),
    );
    other.close();
  });

  it('wait for the write of another process', async () => {
    if (database.databaseUrl) return; // PostgreSQL locks rows, not the database.
    const other = new Sqlite(join(database.dataDir, 'x.sqlite'));
    other.exec('BEGIN IMMEDIATE; UPDATE counts SET n = 10 WHERE id = 1');
    const waiting = Promise.all([add(1, 1), add(2, 1)]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(other.prepare('SELECT n FROM counts WHERE id = 2').get()).toEqual({ n: 0 });
    other.exec('COMMIT');
    other.close();
    await waiting;
    expect([await read(1), await read(2)]).toEqual([11, 1]);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { migrations } from '../../src/platform/database/migrations/migrations.js';
import { startApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { login } from '../support/http.js';
import { startProcess, TEST_ENV } from '../support/process.js';

/** Migrates as the server does, with one more migration, in the middle of which it says so and stays. */
const MIGRATE = `
  const { dataSourceOptions, createDataSource } = await import(process.argv[1] + 'data-source.js');
  const { migrate } = await import(process.argv[1] + 'migrate.js');
  class Half1999999999999 {
    async up(runner) {
      await runner.query('CREATE TABLE half (id integer)');
      process.stdout.write('half\\n');
      setInterval(() => undefined, 1000);
      await new Promise(() => undefined);
    }
    async down() {}
  }
  const options = dataSourceOptions({ dataDir: process.argv[2], databaseUrl: process.argv[3] || undefined });
  const dataSource = await createDataSource({ ...options, migrations: [...options.migrations, Half1999999999999] });
  await dataSource.initialize();
  await migrate(dataSource);
`;
const FOLDER = new URL('../../build/platform/database/', import.meta.url).href;

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

async function killHalfway(): Promise<void> {
  const words = ['--input-type=module', '-e', MIGRATE, FOLDER, database.dataDir, database.databaseUrl ?? ''];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface(child.stdout);
  await Promise.race([
    once(lines, 'line'),
    ended.then(() => Promise.reject(new Error('it ended before it was halfway'))),
  ]);
  child.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
}

it('kill -9 in the middle of the migrations leaves nothing of them, and the next start runs them all', async () => {
  await killHalfway();
  await killHalfway();
  const server = await startProcess(database);
  try {
    await login(server.url, 'admin@example.com', TEST_ENV.BOOTSTRAP_ADMIN_PASSWORD);
  } finally {
    await server.end();
  }
  const t = await startApp({ database });
  try {
    const ran = await t.dataSource.query<{ name: string }[]>('SELECT name FROM migrations');
    expect(ran.map(({ name }) => name)).toEqual(migrations.map(({ name }) => name));
    await expect(t.dataSource.query('SELECT * FROM half')).rejects.toThrow(/half/);
    const { upQueries } = await t.dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  } finally {
    await t.close();
  }
}, 60_000);

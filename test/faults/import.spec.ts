import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { createDataSource, dataSourceOptions } from '../../src/platform/database/data-source.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { rounds } from '../support/scope.js';
import { TEST_ENV } from '../support/process.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const ROWS = rounds(10_000, 100_000);
const HASH = '$2y$12$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZ01234';

/** Every tenth row has a second factor, every thousandth is none. */
const lineOf = (i: number): string => {
  const factor = i % 10 === 0 ? 'GEZDGNBVGY3TQOJQ,abcd-efgh-ijkl-mnop ponm-lkji-hgfe-dcba' : ',';
  return `${i % 1_000 === 999 ? 'nobody' : `user${i}@example.com`},${HASH},${i + 1},2020-01-01 00:00:00,${factor}\n`;
};

async function writeTable(file: string): Promise<void> {
  const out = createWriteStream(file);
  out.write('email,password_hash,id,created_at,two_factor_secret,recovery_codes\n');
  for (let i = 0; i < ROWS; i += 1) if (!out.write(lineOf(i))) await once(out, 'drain');
  out.end();
  await once(out, 'finish');
}

/** The command, with little memory to grow in. */
function start(database: TestDatabase, file: string) {
  const { PATH } = process.env;
  const env = { PATH, ...TEST_ENV, DATA_DIR: database.dataDir, DATABASE_URL: database.databaseUrl };
  const args = ['--max-old-space-size=64', CLI, 'users', 'import', file, '--json'];
  const child = spawn(process.execPath, args, {
    cwd: database.dataDir,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => ({ code, signal, output }));
  return { child, ended };
}

describe(`an import of ${ROWS} accounts`, () => {
  let folder: string;
  let file: string;
  const databases: TestDatabase[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-import-'));
    file = join(folder, 'users.csv');
    await writeTable(file);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    for (const database of databases) await database.drop();
  });

  async function openDatabase(): Promise<{ database: TestDatabase; dataSource: DataSource }> {
    const database = await createDatabase();
    databases.push(database);
    const dataSource = await createDataSource(dataSourceOptions(database));
    await dataSource.initialize();
    await migrate(dataSource);
    return { database, dataSource };
  }

  const countOf = async (dataSource: DataSource, table: string): Promise<number> =>
    (await dataSource.query<[{ n: number }]>(`SELECT count(*) AS n FROM ${table}`))[0].n;

  /** All that does not differ from one import to the next. */
  const resultOf = async (dataSource: DataSource): Promise<unknown[]> => [
    await dataSource.query<unknown>(
      'SELECT id, email, password_hash, role, disabled_at, created_at FROM users ORDER BY id',
    ),
    await dataSource.query<unknown>('SELECT user_id FROM two_factor WHERE confirmed_at > 0 ORDER BY user_id'),
    await dataSource.query<unknown>(
      'SELECT user_id, code_hash FROM recovery_codes ORDER BY user_id, code_hash',
    ),
  ];

  it('ended by kill -9 in the middle and run again comes to the same as in one go, in a heap of 64 MiB', async () => {
    const rejected = ROWS / 1_000;
    const once = await openDatabase();
    const begun = performance.now();
    const whole = await start(once.database, file).ended;
    console.info(
      `${ROWS} rows in ${((performance.now() - begun) / 1000).toFixed(1)} s, start and end of the process included`,
    );
    // 1: some rows were rejected.
    expect(whole).toMatchObject({ code: 1, signal: null });
    expect(JSON.parse(whole.output)).toMatchObject({ created: ROWS - rejected, rejected });

    const twice = await openDatabase();
    const killed = start(twice.database, file);
    while ((await countOf(twice.dataSource, 'users')) < ROWS / 4) await sleep(5);
    killed.child.kill('SIGKILL');
    expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });
    const half = await countOf(twice.dataSource, 'users');
    expect(half).toBeLessThan(ROWS - rejected);
    // A batch is in whole, or not at all.
    expect(await countOf(twice.dataSource, 'recovery_codes')).toBe(
      2 * (await countOf(twice.dataSource, 'two_factor')),
    );
    const again = await start(twice.database, file).ended;
    expect(JSON.parse(again.output)).toMatchObject({
      created: ROWS - rejected - half,
      unchanged: half,
      rejected,
    });

    expect(await resultOf(twice.dataSource)).toEqual(await resultOf(once.dataSource));
    await Promise.all([once, twice].map(({ dataSource }) => dataSource.destroy()));
  }, 600_000);

  it('two of them at once bring every account once', async () => {
    const { database, dataSource } = await openDatabase();
    const small = join(folder, 'small.csv');
    const lines = Array.from({ length: 5_000 }, (_, i) => `both${i}@example.com,${HASH}\n`);
    writeFileSync(small, `email,password_hash\n${lines.join('')}`);
    const outcomes = await Promise.all([start(database, small).ended, start(database, small).ended]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    const tallies = outcomes.map(
      ({ output }) => JSON.parse(output) as { created: number; unchanged: number },
    );
    expect(tallies.reduce((sum, { created }) => sum + created, 0)).toBe(5_000);
    expect(await countOf(dataSource, 'users')).toBe(5_000);
    await dataSource.destroy();
  }, 120_000);
});

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { gatehouse } from '../commands/gatehouse.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { login } from '../support/http.js';
import { startProcess, TEST_ENV, type ServerProcess } from '../support/process.js';
import { onPostgres, onSqlite } from '../support/scope.js';
import { guarded, refreshed } from '../support/tokens.js';

/** Kept in the folder, as on a first start: they must come along. */
const STORED = { JWT_SECRET: undefined, ENCRYPTION_KEY: undefined };
const CHAINS = 6;

onSqlite('a backup while the server works', () => {
  let database: TestDatabase;
  let server: ServerProcess;
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-backup-'));
  const start = (dataDir: string) =>
    startProcess(
      { ...database, dataDir },
      { ...STORED, MAX_SESSIONS_PER_USER: '1000', REFRESH_GRACE_SECONDS: '300' },
    );
  const signIn = () => login(server.url, 'admin@example.com', TEST_ENV.BOOTSTRAP_ADMIN_PASSWORD);

  beforeAll(async () => {
    database = await createDatabase();
    server = await start(database.dataDir);
  });
  afterAll(async () => {
    await server.end();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('restored into an empty folder, knows everything that was acknowledged before it began', async () => {
    const file = join(folder, 'copy.sqlite');
    let isBusy = true;
    let refreshes = 0;
    const newest = await Promise.all(Array.from({ length: CHAINS }, signIn));
    const load = newest.map(async (_, chain) => {
      while (isBusy) {
        newest[chain] = await refreshed(server.url, newest[chain] ?? '');
        refreshes += 1;
        if (refreshes % 20 === 0) await signIn();
      }
    });
    await sleep(500);
    const untouched = await Promise.all(Array.from({ length: 3 }, signIn));
    const before = refreshes;
    const outcome = await gatehouse(database, ['backup', file]);
    expect(outcome).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('encryption-key') });
    expect(refreshes - before).toBeGreaterThan(20);
    isBusy = false;
    await Promise.all(load);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['copy.sqlite']);

    const restored = join(folder, 'restored');
    mkdirSync(restored, { mode: 0o700 });
    copyFileSync(file, join(restored, 'gatehouse.sqlite'));
    for (const key of ['jwt-secret', 'encryption-key'])
      copyFileSync(join(database.dataDir, key), join(restored, key));
    const other = await start(restored);
    try {
      for (const token of untouched) {
        expect(await guarded(other.url, token)).toBe(200);
        await refreshed(other.url, await refreshed(other.url, token));
      }
      // The chains went on: the copy has each, at some token of it.
      const copy = new Database(join(restored, 'gatehouse.sqlite'), { readonly: true });
      expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
      const sessions = copy.prepare('SELECT id FROM sessions').pluck().all();
      copy.close();
      const sid = (token: string) =>
        (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sid: string }).sid;
      expect(sessions).toEqual(expect.arrayContaining([...newest, ...untouched].map(sid)));
      await login(other.url, 'admin@example.com', TEST_ENV.BOOTSTRAP_ADMIN_PASSWORD);
    } finally {
      expect(await other.end()).toBe(0);
    }
  }, 60_000);

  it('never overwrites, and says what it misses', async () => {
    const file = join(folder, 'copy.sqlite');
    const size = statSync(file).size;
    const again = await gatehouse(database, ['backup', file]);
    expect(again).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('is there already') });
    expect(statSync(file).size).toBe(size);
    const nowhere = await gatehouse(database, ['backup', join(folder, 'none', 'x')]);
    expect([nowhere.code, nowhere.stdout]).toEqual([1, '']);
    expect(nowhere.stderr).toMatch(/^No backup: ENOENT/);
    const empty = await gatehouse({ ...database, dataDir: folder }, ['backup', 'x']);
    expect(empty.stderr).toMatch(/^No backup: there is no database at/);
    expect(readdirSync(folder).sort()).toEqual(['copy.sqlite', 'restored']);
  });
});

onPostgres('backup of PostgreSQL', () => {
  it('is left to its own tools, and says which', async () => {
    const database = await createDatabase();
    const outcome = await gatehouse(database, ['backup', 'x']);
    await database.drop();
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('pg_dump') });
  });
});

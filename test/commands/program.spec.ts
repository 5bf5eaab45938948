import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { send } from '../support/http.js';
import { onSqlite } from '../support/scope.js';
import { gatehouse, gatehouseJson, startServer } from './gatehouse.js';

const commands = [
  '',
  'users',
  'users create',
  'users list',
  'users show',
  'users disable',
  'users enable',
  'users set-password',
  'migrate',
  'backup',
  'doctor',
  'openapi',
];
const unreachable = { env: { DATABASE_URL: 'postgres://127.0.0.1:1/gatehouse', PORT: 'none' } };

describe('the operator on an empty folder', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  it('migrate says what it ran, and creates nobody', async () => {
    const { code, stdout } = await gatehouse(database, ['migrate']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Ran CreateUsersAndSessions\d+\n/);
    const [text, json, users, listing] = await Promise.all([
      gatehouse(database, ['migrate']),
      gatehouseJson(database, ['migrate']),
      gatehouseJson(database, ['users', 'list']),
      gatehouse(database, ['users', 'list']),
    ]);
    expect(text).toEqual({ code: 0, stdout: 'The schema was up to date.\n', stderr: '' });
    expect(json).toEqual({ ran: [] });
    expect(users).toEqual({ users: [], next: null });
    expect(listing.stdout).toBe('No accounts.\n');
  });

  it('the first command migrates, and tells on stderr of the secrets it made', async () => {
    const { code, stdout, stderr } = await gatehouse(database, [
      'users',
      'create',
      '--email',
      'a@example.com',
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Created account 1 .*\n$/);
    const told = stderr.trimEnd().split('\n').sort();
    expect(told).toEqual(
      ['encryption-key', 'jwt-secret'].map(
        (file) => `made a secret: ${join(database.dataDir, file)} (keep it with your backups)`,
      ),
    );
    const secrets = ['encryption-key', 'jwt-secret'].map((file) =>
      readFileSync(join(database.dataDir, file), 'utf8'),
    );
    for (const secret of secrets) expect(stdout + stderr).not.toContain(secret);
  });

  it('several commands at once all succeed', async () => {
    const emails = Array.from({ length: 4 }, (_, i) => `user${i}@example.com`);
    const outcomes = await Promise.all(
      emails.map((email) => gatehouse(database, ['users', 'create', '--email', email])),
    );
    expect(outcomes.filter(({ code }) => code !== 0)).toEqual([]);
    const { users } = await gatehouseJson<{ users: { email: string }[] }>(database, ['users', 'list']);
    expect(users.map(({ email }) => email).sort()).toEqual(emails);
  });

  onSqlite('whatever the database', () => {
    it.each(commands)('%s --help tells of it, with an example, and leaves no trace', async (command) => {
      const args = command.split(' ').filter(Boolean);
      const { code, stdout, stderr } = await gatehouse(database, [...args, '--help'], unreachable);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^Usage: npm run -s gatehouse -- ${command}`));
      expect(stdout).toMatch(new RegExp(`Example:\n.*npm run -s gatehouse -- ${command}`));
      expect(stdout).toContain('--json');
      expect(readdirSync(database.dataDir)).toEqual([]);
    });

    it('--version is that of the package', async () => {
      const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
      expect(await gatehouse(database, ['--version'])).toEqual({
        code: 0,
        stdout: `${version}\n`,
        stderr: '',
      });
    });

    it('openapi prints what the server serves, needs neither database nor settings, and leaves no trace', async () => {
      const [{ code, stdout, stderr }, json] = await Promise.all([
        gatehouse(database, ['openapi'], unreachable),
        gatehouse(database, ['openapi', '--json'], unreachable),
      ]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(json.stdout)).toEqual(JSON.parse(stdout));
      expect(readdirSync(database.dataDir)).toEqual([]);
      const server = await startServer(database);
      try {
        expect(JSON.parse(stdout)).toEqual((await send(`${server.url}/docs-json`)).body);
      } finally {
        await server.stop();
      }
    });
  });

  onSqlite('embedded', () => {
    it('waits for another process that has the database file to itself', async () => {
      const other = new Sqlite(join(database.dataDir, 'gatehouse.sqlite'));
      other.exec('BEGIN EXCLUSIVE');
      const waiting = gatehouse({ ...database, databaseUrl: undefined }, ['migrate']);
      await sleep(2_500);
      other.exec('COMMIT');
      other.close();
      expect(await waiting).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Ran /) });
    });
  });
});

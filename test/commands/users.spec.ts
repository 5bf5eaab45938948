import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import type { AccountDto } from '../../src/commands/account.dto.js';
import { PASSWORD } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post } from '../support/http.js';
import { gatehouse, gatehouseJson, startServer, type Outcome, type Server } from './gatehouse.js';

interface Page {
  users: AccountDto[];
  next: number | null;
}

describe('the operator beside a running server', () => {
  let database: TestDatabase;
  let server: Server;
  beforeAll(async () => {
    database = await createDatabase();
    server = await startServer(database);
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const run = (args: string[], input?: string) =>
    gatehouse(database, ['users', ...args], input === undefined ? {} : { input });
  const json = (args: string[], input?: string) =>
    gatehouseJson<AccountDto>(database, ['users', ...args], input);
  const create = (email: string, password = PASSWORD) =>
    json(['create', '--email', email, '--password-stdin'], password);
  const tryLogin = async (email: string, password = PASSWORD) =>
    (await post(`${server.url}/v1/login`, { email, password })).status;
  const refresh = async (token: string) =>
    (await post(`${server.url}/v1/refresh-token`, undefined, bearer(token))).status;
  const succeeds = ({ code, stderr }: Outcome) => expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

  it('creates an account that can log in at once', async () => {
    const email = ['--email', 'Ada@Example.com', '--role', 'admin'];
    const account = await json(['create', ...email, '--password-stdin'], `${PASSWORD}\n`);
    expect(account).toEqual({
      id: expect.any(Number),
      public_id: expect.stringMatching(/^[A-Z0-9]{8}$/),
      email: 'ada@example.com',
      role: 'admin',
      disabled_at: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      has_password: true,
    });
    const answer = await post(`${server.url}/v1/login`, { email: 'ada@example.com', password: PASSWORD });
    expect(answer.body).toEqual({ id: account.public_id, email: 'ada@example.com' });
  });

  it('drops one line end of the password, and keeps everything else', async () => {
    await create('exact@example.com', '  mySecur€ Password\n\r\n');
    expect(await tryLogin('exact@example.com', '  mySecur€ Password\n')).toBe(200);
    expect(await tryLogin('exact@example.com', 'mySecur€ Password')).toBe(401);
  });

  it('creates an account without a password, says so, and nobody logs in', async () => {
    const outcome = await run(['create', '--email', 'none@example.com'], `${PASSWORD}\n`);
    succeeds(outcome);
    expect(outcome.stdout).toMatch(/^Created account .*none@example\.com\) without a password: .*\n$/);
    expect(await json(['show', 'none@example.com'])).toMatchObject({ role: 'client', has_password: false });
    expect(await tryLogin('none@example.com')).toBe(401);
  });

  it('shows one account by each of its names', async () => {
    const account = await create('names@example.com');
    for (const name of ['names@example.com', 'NAMES@Example.COM', account.public_id, String(account.id)]) {
      expect(await json(['show', name])).toEqual(account);
    }
    const { stdout } = await run(['show', 'names@example.com']);
    expect(stdout).toMatch(/^number {5}\d+\npublic id {2}\w{8}\ne-mail {5}names@example\.com\nrole/);
  });

  it('disables and enables', async () => {
    await create('off@example.com');
    const token = await login(server.url, 'off@example.com', PASSWORD);
    const outcome = await run(['disable', 'off@example.com']);
    succeeds(outcome);
    expect(outcome.stdout).toMatch(/^Disabled account .* sessions have ended\.\n$/);
    expect(await tryLogin('off@example.com')).toBe(401);
    expect(await refresh(token)).toBe(401);
    expect((await json(['show', 'off@example.com'])).disabled_at).toMatch(/^\d{4}-.*Z$/);
    expect(await json(['enable', 'off@example.com'])).toMatchObject({ disabled_at: null });
    expect(await tryLogin('off@example.com')).toBe(200);
  });

  it('sets a password, which ends the sessions', async () => {
    await create('new@example.com');
    const token = await login(server.url, 'new@example.com', PASSWORD);
    succeeds(await run(['set-password', 'new@example.com', '--password-stdin'], 'another password\r\n'));
    expect(await tryLogin('new@example.com')).toBe(401);
    expect(await tryLogin('new@example.com', 'another password')).toBe(200);
    expect(await refresh(token)).toBe(401);
  });

  it('lists a page at a time', async () => {
    const all = await gatehouseJson<Page>(database, ['users', 'list']);
    expect(all.next).toBeNull();
    expect(all.users.map(({ id }) => id)).toEqual(all.users.map(({ id }) => id).sort((a, b) => a - b));
    const [first, second, third] = all.users;
    const page = await gatehouseJson<Page>(database, [
      'users',
      'list',
      '--limit',
      '2',
      '--after',
      `${first?.id}`,
    ]);
    expect(page).toEqual({ users: [second, third], next: third?.id });

    const { stdout } = await run(['list', '--limit', '2']);
    const [titles, ...lines] = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe(`There are more: --after ${second?.id}`);
    expect(lines[0]?.indexOf(first?.email ?? '')).toBe(titles?.indexOf('e-mail'));
    expect(lines[1]?.indexOf(second?.email ?? '')).toBe(titles?.indexOf('e-mail'));
  });

  it('never shows a password or its hash', async () => {
    await create('canary@example.com', 'canary password');
    const outcomes = await Promise.all([
      run(['list', '--json']),
      run(['show', 'canary@example.com']),
      run(['create', '--email', 'canary@example.com', '--password-stdin'], 'canary password'),
      run(['set-password', 'canary@example.com', '--password-stdin', '--json'], 'canary password'),
      run(['create', '--email', 'canary2@example.com', '--password=canary password']),
      run(['set-password', 'canary@example.com', 'canary password']),
    ]);
    expect(JSON.stringify(outcomes)).not.toMatch(/canary password|\$2[aby]\$/);
  });

  it('waits for the write of another process', async () => {
    if (database.kind !== 'sqlite') return; // PostgreSQL locks rows, not the database.
    const other = new Sqlite(join(database.dataDir, 'gatehouse.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    const waiting = create('patient@example.com');
    await sleep(2_500);
    expect(other.prepare('SELECT count(*) AS n FROM users WHERE email LIKE ?').get('patient%')).toEqual({
      n: 0,
    });
    other.exec('COMMIT');
    other.close();
    expect(await waiting).toMatchObject({ email: 'patient@example.com' });
  });

  it('lets one of several create an account, while the server works', async () => {
    const creations = Array.from({ length: 4 }, () => run(['create', '--email', 'race@example.com']));
    const logins = Array.from({ length: 50 }, () => tryLogin('ada@example.com'));
    expect((await Promise.all(creations)).map(({ code }) => code).sort()).toEqual([0, 1, 1, 1]);
    expect(new Set(await Promise.all(logins))).toEqual(new Set([200]));
  });
});

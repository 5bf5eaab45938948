import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEventDto } from '../../src/commands/audit.dto.js';
import { PASSWORD } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { post, type Answer } from '../support/http.js';
import { gatehouse, gatehouseJson, startServer, type Server } from './gatehouse.js';

interface Page {
  events: (AuditEventDto & { why?: string; remedy?: string })[];
  next: string | null;
}

describe('the operator asks why, beside a running server', () => {
  let database: TestDatabase;
  let server: Server;
  let publicId: string;
  let refused: Answer;
  beforeAll(async () => {
    database = await createDatabase();
    server = await startServer(database);
    const email = ['--email', 'ada@example.com', '--password-stdin'];
    ({ public_id: publicId } = await gatehouseJson<{ public_id: string }>(
      database,
      ['users', 'create', ...email],
      PASSWORD,
    ));
    refused = await post(`${server.url}/v1/login`, { email: 'ada@example.com', password: 'wrong' });
    await post(`${server.url}/v1/login`, { email: 'ada@example.com', password: PASSWORD });
    // What is written beside the requests takes a moment.
    await sleep(500);
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const requestId = () => refused.headers.get('x-request-id') ?? '';

  it('is told in a sentence, and what to do', async () => {
    const { code, stdout, stderr } = await gatehouse(database, [
      'audit',
      'explain',
      requestId().toUpperCase(),
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(
        `^\\d{4}-\\S+Z {2}POST /v1/login from 127\\.0\\.0\\.1 for account ${publicId} was answered 401, because the password was not the account’s\\.\\n {2}Try again, or .*\\n$`,
      ),
    );
  });

  it('is told as JSON', async () => {
    const told = await gatehouseJson<Page>(database, ['audit', 'explain', requestId()]);
    expect(told).toMatchObject({
      request_id: requestId(),
      events: [
        {
          event: 'login.refused',
          reason: 'wrong_password',
          user: publicId,
          details: { status: 401, route: '/v1/login' },
          why: 'the password was not the account’s',
          remedy: expect.any(String),
        },
      ],
    });
  });

  it('is told that there is nothing, and that something is no request id', async () => {
    const unknown = await gatehouse(database, ['audit', 'explain', 'req_00000000']);
    expect([unknown.code, unknown.stdout]).toEqual([1, '']);
    expect(unknown.stderr).toMatch(/^The audit has nothing of that request: .*\n$/);
    expect((await gatehouse(database, ['audit', 'explain', "x' OR 1=1"])).code).toBe(2);
  });

  it('lists what happened to somebody, a page at a time', async () => {
    const list = (...args: string[]) => gatehouseJson<Page>(database, ['audit', 'list', ...args]);
    const { events } = await list('--user', 'ADA@example.com');
    expect(events.map(({ event, actor }) => [event, actor])).toEqual([
      ['login.succeeded', publicId],
      ['login.refused', null],
      ['account.created', 'command line'],
    ]);
    const first = await list('--user', publicId, '--limit', '2');
    expect(first.events).toEqual(events.slice(0, 2));
    expect(await list('--user', publicId, '--limit', '2', '--before', first.next ?? '')).toEqual({
      events: events.slice(2),
      next: null,
    });
    expect((await list('--event', 'login.refused', '--reason', 'wrong_password')).events).toHaveLength(1);
    expect((await list('--since', '2999-01-01')).events).toEqual([]);
    expect((await list('--since', '2025-01-01T00:00Z', '--user', publicId)).events).toEqual(events);
    const { stdout } = await gatehouse(database, ['audit', 'list', '--reason', 'wrong_password']);
    expect(stdout).toMatch(
      /Z {2}login\.refused \(wrong_password\) {2}account \w{8} {2}from 127\.0\.0\.1 {2}request /,
    );
  });

  it('refuses what is no time, no number, no account', async () => {
    const codes = await Promise.all(
      [
        ['--since', 'yesterday'],
        ['--since', '2026-02-31'],
        ['--since', '2026-02-31T00:00Z'],
        ['--limit', '0'],
        ['--user', 'nobody@example.com'],
      ].map(async (args) => (await gatehouse(database, ['audit', 'list', ...args])).code),
    );
    expect(codes).toEqual([2, 2, 2, 2, 1]);
  });

  it('has listed accounts by role, state and a part of the e-mail address', async () => {
    const emails = async (...args: string[]) =>
      (await gatehouseJson<{ users: { email: string }[] }>(database, ['users', 'list', ...args])).users.map(
        ({ email }) => email,
      );
    expect(await emails('--role', 'admin')).toEqual(['admin@example.com']);
    expect(await emails('--search', 'ADA@')).toEqual(['ada@example.com']);
    expect(await emails('--disabled')).toEqual([]);
    expect(await emails('--no-disabled', '--no-two-factor')).toHaveLength(2);
    const last = await gatehouse(database, ['users', 'disable', 'admin@example.com']);
    expect([last.code, last.stderr]).toEqual([
      1,
      expect.stringMatching(/^It is the last administrator .*\n$/),
    ]);
  });
});

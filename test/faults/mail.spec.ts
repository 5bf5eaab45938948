import { readdirSync, readFileSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LEASE_MS } from '../../src/platform/outbox/leases.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { post } from '../support/http.js';
import { drain, startMailServer, tokenIn, type MailServer } from '../support/mail.js';
import { startProcess, type ServerProcess } from '../support/process.js';
import { onSqlite } from '../support/scope.js';

const EMAIL = 'new@example.com';
const OPEN = { REGISTRATION: 'open' };

let server: MailServer;
beforeEach(async () => {
  server = await startMailServer();
});
afterEach(() => server.stop());

const register = (url: string, email = EMAIL) => post(`${url}/v1/register`, { email, password: PASSWORD });
const jobs = (t: TestApp) =>
  t.dataSource.query<{ kind: string; state: string; attempts: number; last_error: string | null }[]>(
    'SELECT kind, state, attempts, last_error FROM outbox ORDER BY kind',
  );
async function until(condition: () => boolean, seconds = 20): Promise<void> {
  for (let i = 0; i < seconds * 50 && !condition(); i += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(condition()).toBe(true);
}

describe('a mail server', () => {
  let t: TestApp;
  beforeEach(async () => {
    t = await startApp({ env: { ...server.env, ...OPEN } });
  });
  afterEach(() => t.close());

  it('that is gone delays a mail, and no request', async () => {
    await server.stop();
    expect((await register(t.url)).status).toBe(202);
    await drain(t);
    const [, waiting] = await jobs(t);
    expect(waiting).toMatchObject({ state: 'waiting', attempts: 1 });
    expect(waiting?.last_error).toMatch(/^SMTP (ESOCKET|ECONNECTION) CONN$/);
    await server.start();
    await drain(t);
    expect(server.mails).toEqual([]);
    t.clock.advance(5);
    await drain(t);
    expect((await post(`${t.url}/v1/verify-email`, { token: tokenIn(server.to(EMAIL)[0]) })).status).toBe(
      204,
    );
  });

  it.each(['RCPT', 'DATA'] as const)('that says no for good at %s is believed', async (at) => {
    server.refusal = { code: 550, at };
    await register(t.url);
    await drain(t);
    const [, failed] = await jobs(t);
    const last_error = at === 'RCPT' ? 'SMTP EENVELOPE RCPT TO 550' : 'SMTP EMESSAGE DATA 550';
    expect(failed).toEqual({ kind: 'mail.send', state: 'failed', attempts: 1, last_error });
    // Its own words repeat addresses.
    expect(JSON.stringify(t.logs)).not.toContain('c4n4ry');
  });

  it('that says later is asked later', async () => {
    server.refusal = { code: 451, at: 'RCPT' };
    await register(t.url);
    await drain(t);
    server.refusal = undefined;
    t.clock.advance(5);
    await drain(t);
    expect(server.to(EMAIL)).toHaveLength(1);
  });

  it('that comes back after the token’s time gets no mail that is of no use', async () => {
    server.refusal = { code: 451, at: 'RCPT' };
    await register(t.url);
    await drain(t);
    server.refusal = undefined;
    t.clock.advance(86_400);
    await drain(t);
    expect(server.mails).toEqual([]);
    expect((await jobs(t))[1]).toMatchObject({ state: 'failed', last_error: 'its token has expired' });
  });
});

describe('without a mail server', () => {
  it('mails are files for their owner only, and a log line says where, not what', async () => {
    const t = await startApp({ env: OPEN });
    await register(t.url);
    await drain(t);
    const folder = join(t.database.dataDir, 'outbox');
    const [name = ''] = readdirSync(folder);
    const file = join(folder, name);
    expect(name).toMatch(/\.eml$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const content = readFileSync(file, 'utf8').replaceAll('=\n', '').replaceAll('=3D', '=');
    const [, token = ''] = /"token":"([\w-]{43})"/.exec(content) ?? [];
    expect(t.logs.filter((line) => line.file === file)).toHaveLength(1);
    expect(JSON.stringify(t.logs)).not.toContain(token);
    expect((await post(`${t.url}/v1/verify-email`, { token })).status).toBe(204);
    await t.close();
  });
});

onSqlite('templates', () => {
  const write = (database: TestDatabase, file: string, content: string) => {
    const folder = join(database.dataDir, 'templates');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, file), content);
    return { MAIL_TEMPLATES_DIR: folder };
  };

  it('of one’s own take the place of ours, file by file, and are filled in safely', async () => {
    const database = await createDatabase();
    const own = write(
      database,
      'verify-email.html',
      '<b title="{{to}}">{{public_url}}</b>{{^link}}<i>{{/link}}',
    );
    const env = { ...server.env, ...OPEN, ...own, PUBLIC_URL: 'https://x.io/"><script>' };
    const t = await startApp({ database, env });
    await register(t.url, `o'brien&co@example.com`);
    await drain(t);
    const [mail] = server.mails;
    expect(mail?.html?.trim()).toBe(
      '<b title="o&#39;brien&amp;co@example.com">https://x.io/&quot;&gt;&lt;script&gt;</b><i>',
    );
    expect(mail?.text).toContain('"><script>/v1/verify-email');
    await t.close();
    await database.drop();
  });

  it.each([
    ['verify-email.txt', 'Subject: x\n\n{{tokenn}}', /\{\{tokenn\}\} is none of token, link/],
    ['verify-email.txt', 'Hello {{to}}', /must begin with "Subject: …" and an empty line/],
  ])('%s with a mistake stops the start', async (file, content, message) => {
    const database = await createDatabase();
    const env = write(database, file, content);
    await expect(startProcess(database, env)).rejects.toThrow(message);
    await database.drop();
  });
});

describe('a process that is killed between commit and sending', () => {
  it('loses no mail: the next one sends it, when the lease is over', async () => {
    const database = await createDatabase();
    const env = { ...server.env, ...OPEN };
    server.refusal = { code: 451, at: 'RCPT' };
    const first = await startProcess(database, env);
    expect((await register(first.url)).status).toBe(202);
    await first.end('SIGKILL');
    expect(server.mails).toEqual([]);
    server.refusal = undefined;
    const t = await startApp({ database, env });
    t.clock.advance(LEASE_MS / 1000);
    await drain(t);
    expect(server.to(EMAIL)).toHaveLength(1);
    expect((await post(`${t.url}/v1/verify-email`, { token: tokenIn(server.to(EMAIL)[0]) })).status).toBe(
      204,
    );
    await t.close();
    await database.drop();
  });
});

describe('two instances on one database', () => {
  it('send each mail once', async () => {
    const database = await createDatabase();
    const env = { ...server.env, ...OPEN };
    const instances: ServerProcess[] = [await startProcess(database, env), await startProcess(database, env)];
    const emails = Array.from({ length: 30 }, (_, i) => `new${i}@example.com`);
    const asked = emails.map((email, i) => register(instances[i % 2]?.url ?? '', email));
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(emails.map(() => 202));
    await until(() => server.mails.length >= emails.length);
    // Whoever would send one twice had the time to.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(server.mails.flatMap(({ recipients }) => recipients).sort()).toEqual(emails.sort());
    for (const instance of instances) await instance.end();
    await database.drop();
  });
});

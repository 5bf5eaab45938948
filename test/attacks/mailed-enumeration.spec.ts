import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { DispatcherService } from '../../src/platform/outbox/dispatcher.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';
import { drain, startMailServer, type MailServer } from '../support/mail.js';
import { expectNoServerErrors } from '../support/refusal.js';
import { exchange, requestBytes } from '../support/socket.js';

let server: MailServer;
let t: TestApp;
beforeAll(async () => {
  server = await startMailServer();
  t = await startApp({ env: { ...server.env, REGISTRATION: 'open' } });
  for (const name of ['known', 'admin', 'disabled', 'asking'])
    await t.createUser(`${name}@example.com`, name === 'admin' ? 'admin' : 'client');
  const accounts = t.app.get(AccountsService);
  await accounts.create({ email: 'passwordless@example.com', role: 'client', password: null });
  await accounts.disable('disabled@example.com');
  // What a request has done by itself stays to be looked at.
  await t.app.get(DispatcherService).beforeApplicationShutdown();
});
afterAll(async () => {
  await t.close();
  await server.stop();
  expectNoServerErrors(t);
});

/** The answer byte for byte, but for what is each request's own. */
async function answer(line: string, body: object, headers: string[] = []): Promise<string> {
  const [raw] = await exchange(
    t.url,
    requestBytes(line, ['Content-Type: application/json', ...headers], JSON.stringify(body)),
  );
  return `${raw?.head}\r\n\r\n${raw?.text}`
    .replace(/^Date: .*$/m, 'Date: <date>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>');
}

/** What the tables hold of what was asked, but for what is each row's own: the work that was done. */
async function work(): Promise<unknown> {
  const jobs = await t.dataSource.query<{ kind: string; state: string; payload: string | null }[]>(
    'SELECT kind, state, payload FROM outbox ORDER BY kind',
  );
  return jobs.map(({ kind, state, payload }) => [kind, state, payload !== null]);
}

const names = ['nobody', 'known', 'admin', 'disabled', 'passwordless', 'KNOWN'];
const requests = {
  'POST /v1/register': (email: string) => ({ email, password: PASSWORD }),
  'POST /v1/forgot-password': (email: string) => ({ email }),
  'PUT /v1/email': (email: string) => ({ email, password: PASSWORD }),
};

describe.each(Object.entries(requests))('%s', (line, bodyOf) => {
  it('answers whoever exists with the same bytes, after the same work', async () => {
    const token = await login(t.url, 'asking@example.com', PASSWORD);
    const authorization = [`Authorization: Bearer ${token}`];
    const seen = new Set<string>();
    for (const name of names) {
      await t.dataSource.query('DELETE FROM outbox');
      const got = await answer(
        line,
        bodyOf(`${name}@example.com`),
        line.startsWith('PUT') ? authorization : [],
      );
      expect(got).toMatch(/^HTTP\/1.1 202 /);
      seen.add(JSON.stringify([got, await work()]));
    }
    expect([...seen]).toHaveLength(1);
    expect([...seen][0]).toContain('"waiting",true');
  });
});

describe('a token that is no good', () => {
  it('is answered alike, whatever it once was', async () => {
    const ask = (path: string, token: string) => answer(`POST ${path}`, { token, password: PASSWORD });
    for (const path of ['/v1/verify-email', '/v1/reset-password', '/v1/confirm-email']) {
      const [first, ...others] = (
        await Promise.all(['x', 'y'.repeat(43), 'ö'].map((token) => ask(path, token)))
      ).map((text) => text.replace(/"timestamp":"[^"]+"/, '"timestamp":""'));
      expect(first).toMatch(/^HTTP\/1.1 400 /);
      for (const other of others) expect(other).toBe(first);
    }
  });
});

describe('limits', () => {
  it('bound the mails to an address, whoever asks, by whatever way, and whoever exists', async () => {
    const limited = await startApp({
      env: { ...server.env, REGISTRATION: 'open', MAILS_PER_HOUR_PER_EMAIL: '3' },
    });
    await limited.createUser('known@example.com');
    await limited.createUser('asking@example.com');
    const token = await login(limited.url, 'asking@example.com', PASSWORD);
    for (const email of ['known@example.com', 'nobody@example.com']) {
      const before = server.mails.length;
      const asked = [
        await post(`${limited.url}/v1/register`, { email, password: PASSWORD }),
        await post(`${limited.url}/v1/forgot-password`, { email }),
        await send(`${limited.url}/v1/email`, {
          method: 'PUT',
          headers: { 'content-type': 'application/json', ...bearer(token) },
          body: JSON.stringify({ email, password: PASSWORD }),
        }),
        await post(`${limited.url}/v1/forgot-password`, { email: email.toUpperCase() }),
      ];
      expect(asked.map(({ status }) => status)).toEqual([202, 202, 202, 429]);
      expect(Number(asked[3]?.headers.get('retry-after'))).toBeGreaterThan(3_590);
      await drain(limited);
      expect(
        server.mails.slice(before).filter(({ recipients }) => recipients.includes(email)).length,
      ).toBeLessThan(4);
    }
    limited.clock.advance(3_600);
    expect((await post(`${limited.url}/v1/forgot-password`, { email: 'known@example.com' })).status).toBe(
      202,
    );
    await limited.close();
  });

  it('bound what an address asks for, all routes together', async () => {
    const env = { REGISTRATION: 'open', ACCOUNT_REQUESTS_PER_MINUTE_PER_ADDRESS: '5' };
    const limited = await startApp({ env });
    const routes = [
      'register',
      'verify-email',
      'forgot-password',
      'reset-password',
      'confirm-email',
      'register',
    ];
    const found: number[] = [];
    for (const route of routes) found.push((await post(`${limited.url}/v1/${route}`, {})).status);
    expect(found).toEqual([400, 400, 400, 400, 400, 429]);
    limited.clock.advance(60);
    expect((await post(`${limited.url}/v1/register`, {})).status).toBe(400);
    await limited.close();
  });

  it('count no mail for a password that the policy refuses', async () => {
    const limited = await startApp({
      env: { ...server.env, REGISTRATION: 'open', MAILS_PER_HOUR_PER_EMAIL: '1' },
    });
    const register = (password: string) =>
      post(`${limited.url}/v1/register`, { email: 'typo@example.com', password });
    expect([(await register('x')).status, (await register(PASSWORD)).status]).toEqual([400, 202]);
    await limited.close();
  });
});

import { EventEmitter2 } from '@nestjs/event-emitter';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { administrator, auditOf } from '../support/audit.js';
import { bearer, login, post, send } from '../support/http.js';
import { drain, startMailServer, type MailServer } from '../support/mail.js';
import { expectNoServerErrors } from '../support/refusal.js';

let server: MailServer;
let t: TestApp;
beforeAll(async () => {
  server = await startMailServer();
  t = await startApp({ env: { ...server.env, TRUST_PROXY: '127.0.0.1' } });
});
afterAll(async () => {
  await t.close();
  await server.stop();
  expectNoServerErrors(t);
});

/** What proxies pass on from clients, or write themselves (RFC 7239 §6). */
const noAddresses = [
  'your account is locked: call +1 555 0100 c4n4ry',
  'c4n4ry'.repeat(40),
  '_hidden',
  '203.0.113.77:c4n4ry',
  '[203.0.113.77]:1:2',
];

describe('X-Forwarded-For of a trusted proxy that is no address', () => {
  it.each(noAddresses)('is told to nobody, and no failure: %j', async (text) => {
    const user = await t.createUser();
    const from = { 'x-forwarded-for': text };
    const told: unknown[] = [];
    const listen = (event: unknown) => told.push(event);
    t.app.get(EventEmitter2).onAny((_, event) => listen(event));

    const answer = await post(`${t.url}/v1/login`, { email: user.email, password: PASSWORD }, from);
    expect(answer.status).toBe(200);
    expect(await auditOf(t, answer)).toMatchObject([{ event: 'login.succeeded', address: null }]);
    expect(told).toMatchObject([{ event: 'login.succeeded', address: null }]);
    const headers = bearer(await login(t.url, user.email, PASSWORD));
    const { sessions } = (await send(`${t.url}/v1/sessions`, { headers })).body as {
      sessions: { address: string }[];
    };
    expect(sessions.map(({ address }) => address).sort()).toEqual(['127.0.0.1', 'unknown']);

    expect((await post(`${t.url}/v1/forgot-password`, { email: user.email }, from)).status).toBe(202);
    await drain(t);
    const [mail] = server.to(user.email);
    expect(mail?.text).toContain('unknown');
    expect([mail?.text, mail?.html].join()).not.toContain(text);
  });

  it.each([
    [`fe80::1%${'c4n4ry.'.repeat(20)}example`, 'fe80::1'],
    ['203.0.113.77:51423', '203.0.113.77'],
    ['[2001:db8:1111:2222:3333:4444:5555:6666]:51423', '2001:db8:1111:2222:3333:4444:5555:6666'],
    ['[2001:db8::1]', '2001:db8::1'],
  ])('is believed without the zone or port that may follow it: %s', async (text, address) => {
    const { email } = await t.createUser();
    const from = { 'x-forwarded-for': text };
    const answer = await post(`${t.url}/v1/login`, { email, password: PASSWORD }, from);
    expect(answer.status).toBe(200);
    expect(await auditOf(t, answer)).toMatchObject([{ address }]);
    const refused = await send(`${t.url}/api/films`, { headers: from });
    expect(await auditOf(t, refused)).toMatchObject([{ address }]);
  });

  it('is not in the mail that an administrator has sent either', async () => {
    const [admin, user] = [await administrator(t), await t.createUser()];
    const token = await login(t.url, admin.email, PASSWORD);
    const url = `${t.url}/v1/admin/users/${user.publicId}/password-reset`;
    const answer = await post(url, undefined, { ...bearer(token), 'x-forwarded-for': noAddresses[0] ?? '' });
    expect(answer.status).toBe(202);
    await drain(t);
    expect(server.to(user.email)[0]?.text).not.toContain('c4n4ry');
  });

  // The last: Passport's strategies are those of the newest application.
  it('counts alone where ports follow: who guesses keeps nobody else out, and other ports are no other address', async () => {
    const env = { TRUST_PROXY: '127.0.0.1', LOGIN_FAILURES_PER_MINUTE_PER_ADDRESS: '3' };
    const limits = { ...env, ACCOUNT_REQUESTS_PER_MINUTE_PER_ADDRESS: '3' };
    const limited = await startApp({ env: limits });
    const ask = async (route: string, from: string) => {
      const body = { email: 'nobody@example.com', password: 'wrong' };
      return (await post(`${limited.url}/v1/${route}`, body, { 'x-forwarded-for': from })).status;
    };
    const statuses: number[][] = [];
    for (const route of ['login', 'forgot-password']) {
      const asked: number[] = [];
      for (const from of ['1:1', '1:2', '1:3', '1:4', '2:1'])
        asked.push(await ask(route, `203.0.113.${from}`));
      statuses.push(asked);
    }
    await limited.close();
    expect(statuses).toEqual([
      [401, 401, 401, 429, 401],
      [202, 202, 202, 429, 202],
    ]);
  });
});

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

/** What proxies pass on from clients, or write themselves: with a port, as RFC 7239 has it, with a zone of any length. */
const noAddresses = [
  'your account is locked: call +1 555 0100 c4n4ry',
  'c4n4ry'.repeat(40),
  '203.0.113.77:51423',
  '[2001:db8:1111:2222:3333:4444:5555:6666]:51423',
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

  it('is believed without the zone that may follow it', async () => {
    const { email } = await t.createUser();
    const from = { 'x-forwarded-for': `fe80::1%${'c4n4ry.'.repeat(20)}example` };
    const answer = await post(`${t.url}/v1/login`, { email, password: PASSWORD }, from);
    expect(answer.status).toBe(200);
    expect(await auditOf(t, answer)).toMatchObject([{ address: 'fe80::1' }]);
    const refused = await send(`${t.url}/api/films`, { headers: from });
    expect(await auditOf(t, refused)).toMatchObject([{ address: 'fe80::1' }]);
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
});

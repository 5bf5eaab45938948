import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';
import { drain, startMailServer, tokenIn, type MailServer } from '../support/mail.js';
import { expectNoServerErrors } from '../support/refusal.js';
import type { User } from '../../src/users/user.entity.js';

let server: MailServer;
let t: TestApp;
let user: User;
let token: string;
beforeAll(async () => {
  server = await startMailServer();
  t = await startApp({ env: server.env });
});
afterAll(async () => {
  await t.close();
  await server.stop();
  expectNoServerErrors(t);
});
beforeEach(async () => {
  user = await t.createUser();
  token = await login(t.url, user.email, PASSWORD);
});

const change = (email: string, password = PASSWORD) =>
  send(`${t.url}/v1/email`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...bearer(token) },
    body: JSON.stringify({ email, password }),
  });
const confirm = (value: string) => post(`${t.url}/v1/confirm-email`, { token: value });
const subjects = (email: string) => server.to(email).map(({ subject }) => subject);
const me = async (by = token) => (await send(`${t.url}/v1/me`, { headers: bearer(by) })).body;

describe('another e-mail address', () => {
  it('counts when it is confirmed; the old one is told before and after; sessions go on', async () => {
    const next = `next-${user.email}`;
    const asked = await change(next.toUpperCase());
    expect([asked.status, asked.text]).toEqual([202, '{"message":"A mail tells what to do next."}']);
    await drain(t);
    expect(await me()).toMatchObject({ email: user.email });
    expect(subjects(user.email)).toEqual(['A new e-mail address for your account']);
    expect(server.to(user.email)[0]?.text).toContain(next);
    expect(server.to(user.email)[0]?.text).not.toMatch(/"token"/);
    expect(subjects(next)).toEqual(['Confirm your new e-mail address']);
    const confirmed = await confirm(tokenIn(server.to(next)[0]));
    expect([confirmed.status, confirmed.text]).toEqual([204, '']);
    await drain(t);
    expect(subjects(user.email)[1]).toBe('Your e-mail address was changed');
    expect(await me()).toMatchObject({ email: next });
    await login(t.url, next, PASSWORD);
    expect((await post(`${t.url}/v1/login`, { email: user.email, password: PASSWORD })).status).toBe(401);
    const refreshed = await post(`${t.url}/v1/refresh-token`, undefined, bearer(token));
    const payload = refreshed.headers.get('access_token')?.split('.')[1] ?? '';
    expect(Buffer.from(payload, 'base64url').toString()).toContain(`"email":"${next}"`);
  });

  it('wants the password, and a token', async () => {
    expect((await change('next@example.com', 'wrong')).status).toBe(401);
    const headers = { 'content-type': 'application/json' };
    const anonymous = await send(`${t.url}/v1/email`, { method: 'PUT', headers, body: '{}' });
    expect(anonymous.status).toBe(401);
    await drain(t);
    expect(server.to('next@example.com')).toEqual([]);
  });

  it('that somebody has is told to them alone', async () => {
    const other = await t.createUser();
    const asked = await change(other.email);
    expect([asked.status, asked.text]).toEqual([202, '{"message":"A mail tells what to do next."}']);
    await drain(t);
    expect(subjects(other.email)).toEqual(['You have an account already']);
    expect(subjects(user.email)).toEqual(['A new e-mail address for your account']);
  });

  it('that somebody took in the meantime is refused, and nothing is lost', async () => {
    const next = `contested-${user.email}`;
    await change(next);
    await drain(t);
    const value = tokenIn(server.to(next)[0]);
    await t.createUser(next);
    const refused = await confirm(value);
    expect([refused.status, refused.body]).toMatchObject([
      409,
      { message: 'The email has already been taken.' },
    ]);
    expect(await me()).toMatchObject({ email: user.email });
    // The token is there still, for when the address is free.
    await t.dataSource.query('DELETE FROM users WHERE email = $1', [next]);
    expect((await confirm(value)).status).toBe(204);
  });

  it('is the one asked for last, within a day', async () => {
    await change(`a-${user.email}`);
    await drain(t);
    await change(`b-${user.email}`);
    await drain(t);
    expect((await confirm(tokenIn(server.to(`a-${user.email}`)[0]))).status).toBe(400);
    t.clock.advance(86_400);
    expect((await confirm(tokenIn(server.to(`b-${user.email}`)[0]))).status).toBe(400);
  });
});

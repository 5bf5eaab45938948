import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';
import { drain, startMailServer, tokenIn, type MailServer } from '../support/mail.js';
import { expectNoServerErrors } from '../support/refusal.js';
import { Authenticator } from '../support/second-factor.js';
import type { User } from '../../src/users/user.entity.js';

const ACCEPTED = '{"message":"A mail tells what to do next."}';
const NEXT = 'an0ther Secur€Password';

let server: MailServer;
let t: TestApp;
let user: User;
beforeAll(async () => {
  server = await startMailServer();
  const env = { ...server.env, MAIL_LINK_URL: 'https://app.example/{action}#{token}' };
  t = await startApp({ env });
});
afterAll(async () => {
  await t.close();
  await server.stop();
  expectNoServerErrors(t);
});
beforeEach(async () => {
  user = await t.createUser();
});

const forgot = (email = user.email) => post(`${t.url}/v1/forgot-password`, { email });
const reset = (token: string, password = NEXT) => post(`${t.url}/v1/reset-password`, { token, password });
const linked = (email = user.email) => {
  const links = server
    .to(email)
    .map(({ text }) => /https:\/\/app\.example\/reset-password#(\S+)/.exec(text ?? ''));
  return links.at(-1)?.[1] ?? '';
};
async function mailed(): Promise<string> {
  await forgot();
  await drain(t);
  return linked();
}

describe('a forgotten password', () => {
  it('is replaced by way of a mail, and the owner is told', async () => {
    const asked = await forgot(user.email.toUpperCase());
    expect([asked.status, asked.text, asked.headers.get('cache-control')]).toEqual([
      202,
      ACCEPTED,
      'no-store',
    ]);
    await drain(t);
    const token = linked();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(server.to(user.email)[0]?.html).toContain(
      `<a href="https://app.example/reset-password#${token}">`,
    );
    const done = await reset(token);
    expect([done.status, done.text]).toEqual([204, '']);
    await login(t.url, user.email, NEXT);
    expect((await post(`${t.url}/v1/login`, { email: user.email, password: PASSWORD })).status).toBe(401);
    await drain(t);
    expect(server.to(user.email).map(({ subject }) => subject)).toEqual([
      'Set a new password',
      'Your password was changed',
    ]);
  });

  it('ends every session, and gives no token', async () => {
    const tokens = [await login(t.url, user.email, PASSWORD), await login(t.url, user.email, PASSWORD)];
    const { headers } = await reset(await mailed());
    expect([headers.get('access_token'), headers.get('set-cookie')]).toEqual([null, null]);
    for (const token of tokens) {
      expect((await send(`${t.url}/v1/sessions`, { headers: bearer(token) })).status).toBe(401);
      expect((await post(`${t.url}/v1/refresh-token`, undefined, bearer(token))).status).toBe(401);
    }
  });

  it('does not turn off the second factor', async () => {
    const token = await login(t.url, user.email, PASSWORD);
    const { body } = await post(`${t.url}/v1/two-factor`, { password: PASSWORD }, bearer(token));
    const authenticator = new Authenticator((body as { secret: string }).secret);
    const code = authenticator.code(t.clock.now());
    await post(`${t.url}/v1/two-factor/confirm`, { code }, bearer(token));
    expect((await reset(await mailed())).status).toBe(204);
    const answer = await post(`${t.url}/v1/login`, { email: user.email, password: NEXT });
    expect([answer.status, answer.body]).toMatchObject([400, { message: 'The code field is required.' }]);
  });

  it('can be replaced once, for half an hour, by the newest mail', async () => {
    const first = await mailed();
    const second = await mailed();
    expect((await reset(first)).status).toBe(400);
    t.clock.advance(30 * 60 - 1);
    expect((await reset(second)).status).toBe(204);
    const again = await reset(second);
    expect([again.status, again.body]).toMatchObject([400, { details: { token: [{}] } }]);
    const third = await mailed();
    t.clock.advance(30 * 60);
    expect((await reset(third)).status).toBe(400);
  });

  it('keeps the token when the new one is refused', async () => {
    const token = await mailed();
    expect((await reset(token, user.email)).body).toMatchObject({
      details: { password: [{ message: 'The password field must not be the email address.' }] },
    });
    expect((await reset(token)).status).toBe(204);
  });

  it('gives a password to an account that had none', async () => {
    const email = 'passwordless@example.com';
    await t.app.get(AccountsService).create({ email, role: 'client', password: null });
    await forgot(email);
    await drain(t);
    await reset(linked(email));
    await login(t.url, email, NEXT);
  });

  it('of nobody, or of a disabled account, sends nothing', async () => {
    await t.app.get(AccountsService).disable(user.email);
    for (const email of ['nobody@example.com', user.email]) {
      expect((await forgot(email)).text).toBe(ACCEPTED);
      await drain(t);
      expect(server.to(email)).toEqual([]);
    }
    expect(await t.dataSource.query("SELECT id FROM outbox WHERE state <> 'done'")).toEqual([]);
  });

  it('lets the owner in at once whom somebody else’s guesses had slowed down', async () => {
    const slow = await startApp({ env: { ...server.env, LOGIN_FAILURES_PER_DAY_PER_ACCOUNT: '100' } });
    const { email } = await slow.createUser('slow@example.com');
    const logIn = (password: string) => post(`${slow.url}/v1/login`, { email, password });
    for (let i = 0; i < 5; i += 1) await logIn('wrong');
    expect((await logIn(PASSWORD)).status).toBe(429);
    await post(`${slow.url}/v1/forgot-password`, { email });
    await drain(slow);
    const token = tokenIn(server.to(email).at(-1));
    expect((await post(`${slow.url}/v1/reset-password`, { token, password: NEXT })).status).toBe(204);
    expect((await logIn(NEXT)).status).toBe(200);
    await slow.close();
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, post, send, type Answer } from '../support/http.js';
import { importText } from '../support/import.js';
import { drain, startMailServer, tokenIn, type MailServer } from '../support/mail.js';

const NEXT = 'an0ther Secur€Password';
const [HOME, THIEF, STRANGER] = ['192.0.2.1', '203.0.113.66', '198.51.100.1'] as const;

let server: MailServer;
let t: TestApp;
let email: string;
beforeAll(async () => {
  server = await startMailServer();
  const env = { TRUST_PROXY: '127.0.0.1', LOGIN_FAILURES_PER_DAY_PER_ACCOUNT: '3' };
  t = await startApp({ env: { ...server.env, ...env } });
});
afterAll(async () => {
  await t.close();
  await server.stop();
});
beforeEach(async () => {
  ({ email } = await t.createUser());
});

const logIn = (address: string, password: string): Promise<Answer> =>
  post(`${t.url}/v1/login`, { email, password }, { 'x-forwarded-for': address });

async function change(): Promise<void> {
  const token = (await logIn(HOME, PASSWORD)).headers.get('access_token') ?? '';
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': HOME, ...bearer(token) };
  const body = JSON.stringify({ current_password: PASSWORD, password: NEXT });
  expect((await send(`${t.url}/v1/password`, { method: 'PUT', headers, body })).status).toBe(204);
}
async function reset(): Promise<void> {
  await post(`${t.url}/v1/forgot-password`, { email });
  await drain(t);
  const token = tokenIn(server.to(email).at(-1));
  expect((await post(`${t.url}/v1/reset-password`, { token, password: NEXT })).status).toBe(204);
}
async function overwrite(): Promise<void> {
  const hash = await t.app.get(PasswordsService).hash(NEXT, { email });
  const options = { onConflict: 'update', overwriteCredentials: true } as const;
  await importText(t, `email,password_hash\n${email},"${hash}"\n`, options);
}
/** Wrong passwords from elsewhere until the day is over. */
async function exhaust(): Promise<void> {
  for (let i = 0; i < 3; i += 1) expect((await logIn(STRANGER, `guess ${i}`)).status).toBe(401);
  expect((await logIn(STRANGER, 'one more')).status).toBe(429);
}

/** Whoever signed in with a password that was stolen has no guesses of their own at the next one. */
describe('an address that somebody signed in from with the old password', () => {
  const ways: [string, () => Promise<unknown>][] = [
    ['is changed', change],
    ['is reset', reset],
    ['is set by the operator', () => t.app.get(AccountsService).setPassword(email, NEXT)],
    ['is imported', overwrite],
  ];
  it.each(ways)('is any other once it %s', async (_, happens) => {
    expect((await logIn(THIEF, PASSWORD)).status).toBe(200);
    await happens();
    await exhaust();
    expect((await logIn(THIEF, 'a guess')).status).toBe(429);
  });

  it('stays known where the owner changed it from', async () => {
    await change();
    await exhaust();
    expect((await logIn(HOME, NEXT)).status).toBe(200);
  });
});

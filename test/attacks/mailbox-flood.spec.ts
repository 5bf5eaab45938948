import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import { drain, startMailServer, type MailServer } from '../support/mail.js';
import { expectNoServerErrors, expectRefusal } from '../support/refusal.js';

const MAILS = 3;

let server: MailServer;
let t: TestApp;
beforeAll(async () => {
  server = await startMailServer();
  const env = { ...server.env, REGISTRATION: 'open', MAILS_PER_HOUR_PER_EMAIL: String(MAILS) };
  t = await startApp({ env });
});
afterAll(async () => {
  await t.close();
  await server.stop();
  expectNoServerErrors(t);
});

/** RFC 5321 §4.1.2: all of them are the mailbox of `name`. */
const spellings = (name: string): string[] => [
  `${name}@example.com`,
  `${name.toUpperCase()}@example.com`,
  `"${name}"@example.com`,
  ...Array.from(name, (_, i) => `"${name.slice(0, i)}\\${name.slice(i)}"@example.com`),
];

const changeEmail = (token: string, email: string): Promise<Answer> =>
  send(`${t.url}/v1/email`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...bearer(token) },
    body: JSON.stringify({ password: PASSWORD, email }),
  });

/** How many mails the mailbox of `name` got, under whatever spelling. */
const mailsTo = (name: string): number =>
  server.mails
    .flatMap(({ recipients }) => recipients)
    .filter((recipient) => recipient.replaceAll(/["\\]/g, '').toLowerCase() === `${name}@example.com`).length;

describe('one mailbox, under all of its spellings, gets no more mails than its limit', () => {
  it('of registrations', async () => {
    for (const email of spellings('victim'))
      await post(`${t.url}/v1/register`, { email, password: PASSWORD });
    await drain(t);
    expect(mailsTo('victim')).toBeLessThanOrEqual(MAILS);
  });

  it('of changes of an e-mail address', async () => {
    for (const email of spellings('sufferer')) {
      const { email: own } = await t.createUser();
      await changeEmail(await login(t.url, own, PASSWORD), email);
    }
    await drain(t);
    expect(mailsTo('sufferer')).toBeLessThanOrEqual(MAILS);
  });
});

describe('one mailbox, under all addresses that its provider gives it', () => {
  const countOf = async (emails: string[]) => {
    const before = server.mails.length;
    for (const email of emails) await post(`${t.url}/v1/register`, { email, password: PASSWORD });
    await drain(t);
    return server.mails.length - before;
  };
  const tags = ['', '+', '+a', '+b', '+b+c'];

  it.each([
    ['with tags', tags.map((tag) => `tagged${tag}@example.com`)],
    [
      'with tags, dots and both domains of Gmail',
      [
        ...tags.map((tag) => `dotted${tag}@gmail.com`),
        'dot.ted@gmail.com',
        'd.o.t.t.e.d+a@gmail.com',
        'Dotted@googlemail.com',
        'dot.ted+b@googlemail.com',
      ],
    ],
  ])('gets no more mails than its limit %s', async (_, emails) => {
    expect(await countOf(emails)).toBe(MAILS);
  });

  it.each([
    ['dots elsewhere', ['do.ts@example.com', 'dots@example.com']],
    ['a plus that begins the name', ['+one@example.com', '+two@example.com']],
    ['a domain that ends as Gmail’s', ['en.ds@notgmail.com', 'ends@notgmail.com']],
  ])('has a limit of its own where they differ by %s', async (_, emails) => {
    expect(await countOf(emails.flatMap((email) => Array<string>(MAILS).fill(email)))).toBe(2 * MAILS);
  });
});

describe('the owner of an account', () => {
  it('can ask for a new password whatever was asked for at the other addresses of their mailbox', async () => {
    const { email } = await t.createUser('owner@example.com');
    for (let i = 0; i <= MAILS; i += 1) {
      await post(`${t.url}/v1/forgot-password`, { email: `owner+${i}@example.com` });
      await post(`${t.url}/v1/register`, { email: `owner+${i}@example.com`, password: PASSWORD });
    }
    const before = server.to(email).length;
    for (let i = 0; i < MAILS; i += 1)
      expect((await post(`${t.url}/v1/forgot-password`, { email })).status).toBe(202);
    expect((await post(`${t.url}/v1/forgot-password`, { email })).status).toBe(429);
    await drain(t);
    expect(server.to(email).length - before).toBe(MAILS);
  });

  it('can change its address whatever was asked for at their mailbox', async () => {
    const { email } = await t.createUser('mover@example.com');
    const token = await login(t.url, email, PASSWORD);
    for (let i = 0; i <= MAILS; i += 1) {
      await post(`${t.url}/v1/forgot-password`, { email });
      await post(`${t.url}/v1/register`, { email, password: PASSWORD });
    }
    expect((await changeEmail(token, 'moved@example.com')).status).toBe(202);
  });
});

describe('whoever has had all mails of their own', () => {
  it('spends nobody else’s by asking for more', async () => {
    const { email: own } = await t.createUser();
    const token = await login(t.url, own, PASSWORD);
    for (let i = 0; i < MAILS; i += 1)
      expect((await changeEmail(token, `stranger${i}@example.com`)).status).toBe(202);
    for (let i = 0; i < MAILS; i += 1)
      expect((await changeEmail(token, 'bystander@example.com')).status).toBe(429);
    const asked = await post(`${t.url}/v1/forgot-password`, { email: 'bystander@example.com' });
    expect(asked.status).toBe(202);
  });
});

describe('the owner of an account whose password is changed back and forth', () => {
  it('is told no more often than the limit: then it stays', async () => {
    const { email } = await t.createUser();
    let token = await login(t.url, email, PASSWORD);
    const passwords = [PASSWORD, 'an0ther Secur€Password'];
    const change = (i: number) =>
      send(`${t.url}/v1/password`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...bearer(token) },
        body: JSON.stringify({ current_password: passwords[i % 2], password: passwords[(i + 1) % 2] }),
      });
    for (let i = 0; i < MAILS; i += 1) expect((await change(i)).status).toBe(204);
    const refused = await change(MAILS);
    expectRefusal(refused, '/v1/password', 429, 'Too Many Attempts.');
    expect(refused.headers.get('retry-after')).toBe('3600');
    await drain(t);
    expect(server.to(email)).toHaveLength(MAILS);
    t.clock.advance(3_600);
    token = await login(t.url, email, passwords[MAILS % 2] ?? '');
    expect((await change(MAILS)).status).toBe(204);
  });
});

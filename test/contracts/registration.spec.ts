import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login, post } from '../support/http.js';
import { drain, startMailServer, tokenIn, type MailServer } from '../support/mail.js';
import { expectNoServerErrors } from '../support/refusal.js';

const ACCEPTED = '{"message":"A mail tells what to do next."}';
const DAY = 86_400;

let server: MailServer;
let t: TestApp;
beforeAll(async () => {
  server = await startMailServer();
  t = await startApp({ env: { ...server.env, REGISTRATION: 'open', PUBLIC_URL: 'https://auth.example/' } });
});
afterAll(async () => {
  await t.close();
  await server.stop();
  expectNoServerErrors(t);
});

const register = (email: string, password = PASSWORD) => post(`${t.url}/v1/register`, { email, password });
const verify = (token: string) => post(`${t.url}/v1/verify-email`, { token });
const countOf = async (email: string) => {
  const rows = await t.dataSource.query<object[]>('SELECT id FROM users WHERE email = $1', [email]);
  return rows.length;
};

describe('registering', () => {
  it('mails a token, which makes the account, of role client', async () => {
    const asked = await register('New@Example.com');
    expect([asked.status, asked.text]).toEqual([202, ACCEPTED]);
    expect(asked.headers.get('cache-control')).toBe('no-store');
    await drain(t);
    const [mail] = server.to('new@example.com');
    expect(mail).toMatchObject({
      subject: 'Confirm your e-mail address',
      from: { name: 'Gatehouse', address: 'no-reply@gatehouse.example' },
      to: [{ address: 'new@example.com' }],
    });
    expect(mail?.text).toContain('https://auth.example/v1/verify-email');
    expect(mail?.text).toContain('from 127.0.0.1');
    expect(mail?.headers).toContainEqual(
      expect.objectContaining({ key: 'auto-submitted', value: 'auto-generated' }),
    );
    expect(mail?.html).toContain(tokenIn(mail));
    // There is nobody before the token comes back.
    expect(await countOf('new@example.com')).toBe(0);
    const confirmed = await verify(tokenIn(mail));
    expect([confirmed.status, confirmed.text]).toEqual([204, '']);
    const token = await login(t.url, 'new@example.com', PASSWORD);
    const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    expect(claims).toContain('"role":"client"');
  });

  it('mails a curl line that works as it is pasted', async () => {
    await register('pasted@example.com');
    await drain(t);
    const [line = ''] = /^curl .*$/m.exec(server.to('pasted@example.com')[0]?.text ?? '') ?? [];
    const here = line.replace('https://auth.example', t.url);
    // Not synchronously: the server is in this process.
    const output = await new Promise<string>((resolve) => {
      execFile('sh', ['-c', here], (_, stdout) => resolve(stdout));
    });
    expect(output).toContain('204 No Content');
    expect(await countOf('pasted@example.com')).toBe(1);
  });

  it('tells the owner of a taken address, and changes nothing', async () => {
    const user = await t.createUser('taken@example.com');
    expect((await register('Taken@example.com', 'somebody else’s password')).text).toBe(ACCEPTED);
    await drain(t);
    const mails = server.to('taken@example.com');
    expect(mails.map(({ subject }) => subject)).toEqual(['You have an account already']);
    expect(mails[0]?.text).not.toContain('token');
    await login(t.url, user.email, PASSWORD);
  });

  it('wants a password that the policy allows, whoever exists', async () => {
    await t.createUser('weak@example.com');
    for (const email of ['weak@example.com', 'nobody-weak@example.com']) {
      const { status, body } = await register(email, 'sh0rt€');
      expect([status, body]).toMatchObject([
        400,
        { details: { password: [{ message: 'The password field must be at least 8 characters.' }] } },
      ]);
    }
    expect(await register('not an address')).toMatchObject({ status: 400 });
  });

  it('lets a token be used once, for a day', async () => {
    await register('late@example.com');
    await drain(t);
    const token = tokenIn(server.to('late@example.com')[0]);
    t.clock.advance(DAY);
    const refused = await verify(token);
    expect([refused.status, refused.body]).toMatchObject([
      400,
      {
        message: 'The token is invalid or has expired.',
        details: { token: [{ message: 'The token is invalid or has expired.' }] },
      },
    ]);
    await register('late@example.com');
    await drain(t);
    const second = tokenIn(server.to('late@example.com')[1]);
    t.clock.advance(DAY - 1);
    expect((await verify(second)).status).toBe(204);
    expect((await verify(second)).status).toBe(400);
    expect(await countOf('late@example.com')).toBe(1);
  });

  it('answers every token that is none alike', async () => {
    const answers = await Promise.all(
      ['x', 'x'.repeat(43), '\0', '\ud800', 'x'.repeat(9_000)].map((token) => verify(token)),
    );
    for (const { status, body } of answers)
      expect([status, body]).toMatchObject([400, { message: 'The token is invalid or has expired.' }]);
  });
});

describe('with EMAIL_VERIFICATION=off', () => {
  it('the account is there at once, and the answer is the same', async () => {
    const mailServer = await startMailServer();
    const open = await startApp({
      env: { ...mailServer.env, REGISTRATION: 'open', EMAIL_VERIFICATION: 'off' },
    });
    const register = (password: string) =>
      post(`${open.url}/v1/register`, { email: 'new@example.com', password });
    const answers = [await register(PASSWORD), await register('somebody else’s password')];
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [202, ACCEPTED],
      [202, ACCEPTED],
    ]);
    await login(open.url, 'new@example.com', PASSWORD);
    await drain(open);
    expect(mailServer.mails.map(({ subject }) => subject)).toEqual(['You have an account already']);
    await open.close();
    await mailServer.stop();
  });
});

describe('with REGISTRATION=closed, the default', () => {
  it('there is no way in', async () => {
    const closed = await startApp();
    for (const [path, body] of [
      ['register', { email: 'new@example.com', password: PASSWORD }],
      ['verify-email', { token: 'x'.repeat(43) }],
    ] as const) {
      const answer = await post(`${closed.url}/v1/${path}`, body);
      expect([answer.status, answer.body]).toMatchObject([403, { message: 'Registration is closed.' }]);
    }
    expect(await closed.dataSource.query('SELECT id FROM outbox')).toEqual([]);
    await closed.close();
  });
});

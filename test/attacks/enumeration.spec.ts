import bcrypt from 'bcrypt';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { expectNoServerErrors, expectRefusal, LOGIN_REFUSED } from '../support/refusal.js';
import { exchange, requestBytes } from '../support/socket.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  const accounts = app.app.get(AccountsService);
  for (const name of ['right', 'wrong', 'disabled', 'admin', 'unreadable', 'cheap', 'dear']) {
    await app.createUser(`${name}@example.com`, name === 'admin' ? 'admin' : 'client');
  }
  await accounts.create({ email: 'passwordless@example.com', role: 'client', password: null });
  await accounts.disable('disabled@example.com');
  const hashes = { unreadable: '$2y$31$x', cheap: bcrypt.hashSync('x', 4), dear: bcrypt.hashSync('x', 6) };
  for (const [name, hash] of Object.entries(hashes)) {
    await app.dataSource.query('UPDATE users SET password_hash = $1 WHERE email = $2', [
      hash,
      `${name}@example.com`,
    ]);
  }
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

/** The answer byte for byte, but for what is each request's own. */
async function answer(
  path: string,
  email: string,
  password: string,
  headers: string[] = [],
): Promise<string> {
  const body = JSON.stringify({ email, password });
  const [raw] = await exchange(
    app.url,
    requestBytes(`POST ${path}`, ['Content-Type: application/json', ...headers], body),
  );
  if (raw?.status !== 200) expectRefusal(raw, path, 401, LOGIN_REFUSED);
  return `${raw?.head}\r\n\r\n${raw?.text}`
    .replace(/^Date: .*$/m, 'Date: <date>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>')
    .replace(/"timestamp":"[^"]+"/, '"timestamp":"<timestamp>"');
}

const cases = [
  ['an unknown e-mail', 'unknown@example.com', PASSWORD],
  ['an unknown e-mail of an unknown domain', `${'u'.repeat(64)}@${'d'.repeat(60)}.example`, PASSWORD],
  ['a wrong password', 'wrong@example.com', `${PASSWORD}x`],
  ["a wrong password of an administrator's", 'admin@example.com', `${PASSWORD}x`],
  ['a disabled account, the password right', 'disabled@example.com', PASSWORD],
  ['a disabled account, the password wrong', 'disabled@example.com', 'x'],
  ['an account without a password', 'passwordless@example.com', PASSWORD],
  ['a hash that cannot be read', 'unreadable@example.com', PASSWORD],
  ['a cheaper hash', 'cheap@example.com', PASSWORD],
  ['a dearer hash', 'dear@example.com', PASSWORD],
  ['a password of 73 bytes', 'wrong@example.com', 'x'.repeat(73)],
  ['an e-mail in another case', 'WRONG@example.com', 'x'],
] as const;

describe.each(['/v1/login', '/api/users/auth'])('POST %s', (path) => {
  it('tells who gave the right password, or what follows would mean nothing', async () => {
    expect(await answer(path, 'right@example.com', PASSWORD)).toContain('"right@example.com"');
  });

  it.each(cases)(
    'answers %s with the same bytes as any other: body, headers and their order',
    async (_, email, password) => {
      const expected = await answer(path, 'nobody@example.com', 'x');
      expect(expected).toContain('<id>');
      expect(await answer(path, email, password)).toBe(expected);
    },
  );

  it('tells no more to one who asks in another way', async () => {
    for (const headers of [
      ['Accept: text/html'],
      ['X-Debug: 1'],
      ['X-Forwarded-For: 127.0.0.1'],
      ['Prefer: return=representation'],
    ]) {
      const [known, unknown] = [
        await answer(path, 'wrong@example.com', 'x', headers),
        await answer(path, 'nobody@example.com', 'x', headers),
      ];
      expect(known).toBe(unknown);
    }
  });

  it('tells the operator what it was, in the log alone', async () => {
    const before = app.logs.length;
    for (const [, email, password] of cases) await answer(path, email, password);
    const reasons = app.logs.slice(before).map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(
      new Set(['unknown_email', 'wrong_password', 'account_disabled', 'no_password']),
    );
  });
});

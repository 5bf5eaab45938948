import bcrypt from 'bcrypt';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login, post } from '../support/http.js';
import { expectNoServerErrors, expectRefusal, LOGIN_REFUSED } from '../support/refusal.js';

const paths = ['/v1/login', '/api/users/auth'];

let app: TestApp;
let accounts: AccountsService;
let email: string;
beforeAll(async () => {
  app = await startApp();
  accounts = app.app.get(AccountsService);
  ({ email } = await app.createUser('somebody@example.com'));
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

let numbers = 0;
/** An account with `password`, or whose hash was made without our policy. */
async function accountWith(password: string, policy = true): Promise<string> {
  const address = `p${(numbers += 1)}@example.com`;
  const { id } = await accounts.create({
    email: address,
    role: 'client',
    password: policy ? password : null,
  });
  if (!policy) {
    const hash = bcrypt.hashSync(password, 4);
    await app.dataSource.query('UPDATE users SET password_hash = $1 WHERE id = $2', [hash, id]);
  }
  return address;
}

const a = (count: number) => 'a'.repeat(count);

describe.each(paths)('POST %s', (path) => {
  const attempt = (body: unknown) => post(app.url + path, body);

  it.each([
    ['72 bytes', a(72)],
    ['72 bytes, the last two of them one character', `${a(70)}é`],
    ['a composed character', 'mot de passé'],
    ['a decomposed character', 'mot de passe\u0301'],
    ['spaces at the ends', '  pass word  '],
    ['a line break at the end', 'password\n'],
    ['control characters', '\x01\x02\x1b[2J\x7f pass'],
    ['characters beyond the first plane', '😀😀😀😀😀😀😀😀'],
    ['look-alikes', 'раssword\u200b\u202e'],
    ['JSON', '"],{"$ne":null}'],
    ['SQL', "' OR '1'='1' --"],
    ['what looks like a hash', bcrypt.hashSync('x', 4)],
  ])('lets in with a password of %s, as it was set', async (_, password) => {
    expect((await attempt({ email: await accountWith(password), password })).status).toBe(200);
  });

  it.each([
    ['the 73rd byte', a(72), a(73)],
    ['a 73rd byte that is a NUL in UTF-16', a(72), `${a(72)}Ā`],
    ['one byte less than 72', a(72), a(71)],
    ['another last character of 72 bytes', `${a(70)}é`, `${a(70)}è`],
    ['a composed character taken apart', 'mot de passé', 'mot de passe\u0301'],
    ['a decomposed character put together', 'mot de passe\u0301', 'mot de passé'],
    ['the compatible character', 'ﬁle name of mine', 'file name of mine'],
    ['the spaces at its ends cut', '  pass word  ', 'pass word'],
    ['a space more', 'pass word', 'pass word '],
    ['the line break cut', 'password\n', 'password'],
    ['another case', 'PassWord ok', 'password ok'],
    ['a zero-width space more', 'password ok', 'pass\u200bword ok'],
    ['full-width letters', 'password ok', 'ｐassword ok'],
    ['its hash', 'password ok', () => bcrypt.hashSync('password ok', 4)],
  ])('refuses %s', async (_, password, tried) => {
    const attempted = typeof tried === 'string' ? tried : tried();
    const address = await accountWith(password);
    expectRefusal(await attempt({ email: address, password: attempted }), path, 401, LOGIN_REFUSED);
    expect((await attempt({ email: address, password })).status).toBe(200);
  });

  it.each(['é', 'è', 'ê', 'éé', ''])(
    'refuses 71 bytes and %j where the hash read 72 bytes of them',
    async (end) => {
      // Made elsewhere, by a bcrypt that cuts: é, è and ê have their first byte in common.
      const address = await accountWith(`${a(71)}é`, false);
      expectRefusal(await attempt({ email: address, password: `${a(71)}${end}` }), path, 401, LOGIN_REFUSED);
    },
  );

  it('refuses 16 kB of password', async () => {
    const address = await accountWith(a(72));
    expectRefusal(await attempt({ email: address, password: a(16_000) }), path, 401, LOGIN_REFUSED);
  });

  it.each([
    ['a NUL', 'pass\0word'],
    ['a NUL at the end', `${PASSWORD}\0`],
    ['a lone surrogate', `${PASSWORD}\ud800`],
    ['surrogates the wrong way round', `${PASSWORD}\udc00\ud800`],
  ])('answers 400 to a password with %s', async (_, password) => {
    const sentence = 'The password field contains an invalid character.';
    expectRefusal(await attempt({ email, password }), path, 400, sentence);
  });
});

describe('an account', () => {
  it.each([
    ['73 bytes', a(73)],
    ['73 bytes of 72 characters', `${a(71)}é`],
    ['7 characters', 'passwor'],
    ['7 characters of 14 UTF-16 units', '😀😀😀😀😀😀😀'],
    ['nothing', ''],
    ['a NUL', 'password\0'],
    ['a lone surrogate', 'password\udc00'],
  ])('gets no password of %s', async (_, password) => {
    const before = await app.dataSource.query<object[]>('SELECT id FROM users');
    await expect(accountWith(password)).rejects.toMatchObject({ definition: { code: 'validation_failed' } });
    await expect(accounts.setPassword(email, password)).rejects.toMatchObject({
      definition: { code: 'validation_failed' },
    });
    expect(await app.dataSource.query<object[]>('SELECT id FROM users')).toHaveLength(before.length);
    await login(app.url, email, PASSWORD);
  });
});

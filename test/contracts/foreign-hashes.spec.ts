import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import { inspectHash } from '../../src/passwords/verifiers/registry.cjs';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login, post } from '../support/http.js';
import { expectNoServerErrors, expectRefusal, LOGIN_REFUSED } from '../support/refusal.js';
import { createProtectedAccount, LOGIN_PATHS, tryLogin } from '../support/second-factor.js';

/** Of `PASSWORD`, each made by the software that it is called after. */
const foreign: [what: string, hash: string][] = [
  ['PHP, bcrypt', '$2y$05$aNedNSy/fM60Dmigjddw5OgOmKJzNjrmeoMNRwmbMyQjf8inpVRHy'],
  [
    'PHP, argon2id',
    '$argon2id$v=19$m=1024,t=2,p=1$eGZ3SHF6dVYuUDA1aW1tZA$hk0EPmc7ySRQICV0yfT2+LO5T7hLsTK6qWQMliDRUBk',
  ],
  [
    'passlib, PBKDF2',
    '$pbkdf2-sha256$29000$1ZrzPqeUEoJQ6p1zTgnhPA$kzcXoNS/VXG1/GrjQCKu74xXQUjEwbAiGgzCJJnlo2k',
  ],
  ['Django, MD5', 'md5$45qjAH6s0jqeUTK5BTOyaG$8198ab39dd88031cab07b8f9301dc54c'],
  ['Apache, MD5', '$apr1$6N0X6cRA$KBOTexS1NIEEdO57EhwDV0'],
  ['passlib, LDAP', '{SSHA256}p7BxuWpeCW4lS1hdtF6JeCgMvm4l0scOMF1Z/AmDSjvGOIcQghBiTA=='],
];
/** Likewise, as ours are, or nearly. */
const nearlyOurs = [
  '$2b$04$SHWbENtW6Qytd9od7Nj7tegyjlPmOyaRFqmVxH8y/uLUi/JXLg1k2',
  '$2b$06$6A3zeq.s3.Iwma3eW.lEDOGH1RXG4SIXTg0n6W0FVEPXFNMb/t.8i',
  '$argon2id$v=19$m=19456,t=2,p=1$YTlPWHAyZmIvODhJTHgydg$RsfXil35NIhhEr+T7wMHfJxqnWsYladeP8KXZE8VoLE',
  '$argon2id$v=19$m=8192,t=2,p=1$cDFaZmw5Unh5WjhRQTNCNw$83bvY1V6EJ6uJ8OVw4HpBT0AfoiEgfDdxAasi6d7pAU',
];
/** Of 80 times "a", by PHP, which read 72 of them. */
const PHP_80 = '$2y$04$nrATE4vi8KRyZWTAlGhp5uzQM5QS.SyVVDH8cYLgfkUSCABoPzgmq';

const ours = {
  bcrypt: /^\$2b\$04\$/,
  argon2id: /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/,
};

describe.each(['bcrypt', 'argon2id'] as const)('with PASSWORD_HASH=%s', (scheme) => {
  let t: TestApp;
  let accounts: AccountsService;
  beforeAll(async () => {
    t = await startApp({ env: { PASSWORD_HASH: scheme } });
    accounts = t.app.get(AccountsService);
  });
  afterAll(async () => {
    await t.close();
    expectNoServerErrors(t);
  });

  const store = (id: number, hash: string) =>
    t.dataSource.query('UPDATE users SET password_hash = $1 WHERE id = $2', [hash, id]);
  const stored = async (id: number) => {
    const sql = 'SELECT password_hash FROM users WHERE id = $1';
    const [row] = await t.dataSource.query<{ password_hash: string }[]>(sql, [id]);
    return row?.password_hash;
  };
  /** An account that came with `hash`. */
  async function imported(hash: string) {
    const { id, email } = await t.createUser();
    await store(id, hash);
    return { id, email };
  }
  const attempt = (email: string, password: string, path = '/v1/login') =>
    post(t.url + path, { email, password });

  it('makes new hashes so', async () => {
    const { id, email } = await t.createUser();
    expect(await stored(id)).toMatch(ours[scheme]);
    const before = await stored(id);
    await login(t.url, email, PASSWORD);
    expect(await stored(id)).toBe(before);
    expectRefusal(await attempt(email, 'wrong'), '/v1/login', 401, LOGIN_REFUSED);
  });

  it.each(foreign)('lets 20 in at once by a hash of %s, whose hash is ours then', async (_, hash) => {
    const { id, email } = await imported(hash);
    for (const path of LOGIN_PATHS)
      expectRefusal(await attempt(email, `${PASSWORD}x`, path), path, 401, LOGIN_REFUSED);
    expect(await stored(id)).toBe(hash);
    const tries = Array.from({ length: 20 }, (_, i) => attempt(email, PASSWORD, LOGIN_PATHS[i % 2]));
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(statuses).toEqual(Array<number>(20).fill(200));
    expect(await stored(id)).toMatch(ours[scheme]);
    await login(t.url, email, PASSWORD);
    expectRefusal(await attempt(email, `${PASSWORD}x`), '/v1/login', 401, LOGIN_REFUSED);
  });

  it.each(nearlyOurs)('lets in by %s, and makes it anew where the settings are others', async (hash) => {
    const { id, email } = await imported(hash);
    await login(t.url, email, PASSWORD);
    expect(await stored(id)).toMatch(ours[scheme]);
    if (ours[scheme].test(hash)) expect(await stored(id)).toBe(hash);
  });

  it('has the fast hash replaced that bcrypt was put over', async () => {
    const wrapped = await t.app
      .get(PasswordsService)
      .wrap('md5$45qjAH6s0jqeUTK5BTOyaG$8198ab39dd88031cab07b8f9301dc54c');
    expect(inspectHash(wrapped)).toEqual({ kind: 'wrapped-md5' });
    const { id, email } = await imported(wrapped);
    await login(t.url, email, PASSWORD);
    expect(await stored(id)).toMatch(ours[scheme]);
  });

  it('lets in by a password that is longer than ours may be, and leaves its hash', async () => {
    const { id, email } = await imported(PHP_80);
    for (let i = 0; i < 2; i += 1) await login(t.url, email, 'a'.repeat(80));
    expect(await stored(id)).toBe(PHP_80);
    await login(t.url, email, 'a'.repeat(72));
    expect(await stored(id)).toMatch(ours[scheme]);
  });

  it('keeps the hash where the login does not come about, in whose transaction it is replaced', async () => {
    const account = await createProtectedAccount(t);
    const [, hash = ''] = foreign[3] ?? [];
    await store(account.id, hash);
    expect((await tryLogin(t, account)).status).toBe(400);
    expect(await stored(account.id)).toBe(hash);
    const code = account.authenticator.code(t.clock.now());
    expect((await tryLogin(t, account, { code })).status).toBe(200);
    expect(await stored(account.id)).toMatch(ours[scheme]);
  });

  it('lets nobody in by a hash that was replaced by that of another password meanwhile', async () => {
    const { id, email } = await imported(foreign[3]?.[1] ?? '');
    const passwords = t.app.get(PasswordsService);
    const rehash = passwords.rehash.bind(passwords);
    jest.spyOn(passwords, 'rehash').mockImplementationOnce(async (password) => {
      await accounts.setPassword(email, 'another password');
      return rehash(password);
    });
    expectRefusal(await attempt(email, PASSWORD), '/v1/login', 401, LOGIN_REFUSED);
    expect(await stored(id)).toMatch(ours[scheme]);
    await login(t.url, email, 'another password');
  });
});

import bcrypt from 'bcrypt';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { watchComparisons } from '../support/hashing.js';
import { post } from '../support/http.js';
import { expectNoServerErrors, expectRefusal, LOGIN_REFUSED } from '../support/refusal.js';

/** What the hashes of this installation cost. */
const COST = 6;

let app: TestApp;
let costs: number[];
let id: number;
const email = 'stored@example.com';
beforeAll(async () => {
  app = await startApp({ env: { BCRYPT_COST: String(COST) } });
  ({ id } = await app.app.get(AccountsService).create({ email, role: 'client', password: null }));
  costs = watchComparisons(app);
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

const store = (hash: string | null) =>
  app.dataSource.query('UPDATE users SET password_hash = $1 WHERE id = $2', [hash, id]);
const stored = async () => {
  const [row] = await app.dataSource.query<{ password_hash: string | null }[]>(
    'SELECT password_hash FROM users WHERE id = $1',
    [id],
  );
  return row?.password_hash;
};
const hashOf = (password: string, cost = COST) => bcrypt.hashSync(password, cost);
const good = hashOf(PASSWORD);
const tail = good.slice(7);

/** What a login costs, in rounds. */
async function work(action: () => Promise<unknown>): Promise<number> {
  costs.length = 0;
  await action();
  return costs.reduce((rounds, cost) => rounds + 2 ** cost, 0);
}

describe.each(['/v1/login', '/api/users/auth'])('POST %s', (path) => {
  const attempt = (password: string) => post(app.url + path, { email, password });

  it.each([
    ['$2b$', good],
    ['$2a$, as older bcrypts write', `$2a$${good.slice(4)}`],
    ['a lower cost', hashOf(PASSWORD, 4)],
    ['a higher cost', hashOf(PASSWORD, 8)],
    ['$2y$, as PHP writes', `$2y$${good.slice(4)}`],
  ])('reads a hash of %s, or the refusals below would mean nothing', async (_, hash) => {
    await store(hash);
    expect((await attempt(PASSWORD)).status).toBe(200);
    // Made anew where the cost was another.
    expect(await stored()).toMatch(/^\$2[ab]\$06\$/);
    expect((await attempt(PASSWORD)).status).toBe(200);
  });

  it.each<[string, string | null]>([
    ['no hash', null],
    ['nothing', ''],
    ['the password itself', PASSWORD],
    ['$2x$, which computes something else', `$2x$${good.slice(4)}`],
    ['$2$', `$2$${good.slice(4)}`],
    ['$2B$', `$2B$${good.slice(4)}`],
    ['$3b$', `$3b$${good.slice(4)}`],
    ['59 characters', good.slice(0, 59)],
    ['61 characters', `${good}.`],
    ['a line break behind', `${good}\n`],
    ['a space before', ` ${good}`],
    ['half of it', good.slice(0, 30)],
    ['the salt alone', good.slice(0, 29)],
    ['a character that is none', `${good.slice(0, 40)}!${good.slice(41)}`],
    ['a letter beyond ASCII', `${good.slice(0, 40)}é${good.slice(41)}`],
    ['a cost of 31', `$2b$31$${tail}`],
    ['a cost of 16', `$2b$16$${tail}`],
    ['a cost of 99', `$2b$99$${tail}`],
    ['a cost of 00', `$2b$00$${tail}`],
    ['a cost of 03', `$2b$03$${tail}`],
    ['a cost of one digit', `$2b$6$${tail}`],
    ['a negative cost', `$2b$-6$${tail}`],
    ['a cost in letters', `$2b$xx$${tail}`],
    ['MD5 of 31 digits', '5f4dcc3b5aa765d61d8327deb882cf9'],
    ['md5-crypt cut short', '$1$salt$qJH7.N4xYta3aEG/dfqo/'],
    ['SHA-512-crypt of too many rounds', `$6$rounds=999999999$salt$${'x'.repeat(86)}`],
    ['phpass of 2^31 rounds', `$P$S12345678${'x'.repeat(22)}`],
    ['scrypt of 1 TiB', `$scrypt$ln=33,r=1024,p=1$c2FsdHNhbHQ$${'x'.repeat(43)}`],
    ['argon2id', '$argon2id$v=19$m=4194304,t=100,p=1$c2FsdHNhbHQ$aGFzaGhhc2g'],
    ['PBKDF2', 'pbkdf2_sha256$999999999$salt$aGFzaA=='],
    ['an account that is locked elsewhere', `!${good}`],
    ['an asterisk', '*'],
    ['SQL', "' OR '1'='1"],
    ['255 characters', '$2b$06$'.padEnd(255, 'x')],
  ])('lets nobody in by a hash of %s, and computes as long as for a real one', async (_, hash) => {
    await store(hash);
    for (const password of [PASSWORD, hash?.slice(0, 72) || 'x', 'wrong']) {
      const began = Date.now();
      expect(await work(async () => expectRefusal(await attempt(password), path, 401, LOGIN_REFUSED))).toBe(
        2 ** COST,
      );
      expect(Date.now() - began).toBeLessThan(5_000);
      expect(await stored()).toBe(hash);
    }
  });

  it.each([
    ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99'],
    ['md5-crypt', '$1$salt$qJH7.N4xYta3aEG/dfqo/0'],
    ['PBKDF2', `pbkdf2_sha256$1$salt$${'A'.repeat(43)}=`],
    ['LDAP', `{SSHA}${'A'.repeat(32)}`],
    ['argon2id that its library cannot read', `$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$${'x'.repeat(86)}`],
  ])(
    'lets nobody in by a foreign hash of %s of another password, and goes on to compute',
    async (_, hash) => {
      await store(hash);
      for (const password of [PASSWORD, hash.slice(0, 72)]) {
        const rounds = await work(async () =>
          expectRefusal(await attempt(password), path, 401, LOGIN_REFUSED),
        );
        // By the clock, in steps of the cheapest that bcrypt has: what is left of a hash of ours.
        expect(rounds).toBeGreaterThanOrEqual(2 ** 4);
        expect(rounds).toBeLessThanOrEqual(2 ** COST);
        expect(await stored()).toBe(hash);
      }
    },
  );

  it.each([
    [
      'nobody of that name',
      () => post(app.url + path, { email: 'nobody@example.com', password: PASSWORD }),
      2 ** COST,
    ],
    ['a wrong password', () => attempt('wrong'), 2 ** COST],
    ['a password of 73 bytes', () => attempt('x'.repeat(73)), 2 ** COST],
    ['a password of 16 kB', () => attempt('x'.repeat(16_000)), 2 ** COST],
  ])('computes as long for %s', async (_, action, rounds) => {
    await store(good);
    expect(await work(action)).toBe(rounds);
  });

  it.each([4, 5, 7, 8])('computes as long for a wrong password where the hash cost %i', async (cost) => {
    await store(hashOf(PASSWORD, cost));
    const rounds = await work(async () => expectRefusal(await attempt('wrong'), path, 401, LOGIN_REFUSED));
    // There is no comparing a dearer one for less.
    expect(rounds).toBe(2 ** Math.max(cost, COST));
  });

  it.each([
    ['disabled', 'UPDATE users SET disabled_at = 1 WHERE id = $1'],
    ['disabled in the future', 'UPDATE users SET disabled_at = 9999999999999 WHERE id = $1'],
  ])('computes as long for an account that is %s, and lets nobody in', async (_, sql) => {
    await store(good);
    await app.dataSource.query(sql, [id]);
    try {
      for (const password of [PASSWORD, 'wrong']) {
        expect(await work(async () => expectRefusal(await attempt(password), path, 401, LOGIN_REFUSED))).toBe(
          2 ** COST,
        );
      }
    } finally {
      await app.dataSource.query('UPDATE users SET disabled_at = NULL WHERE id = $1', [id]);
    }
  });

  it('answers 20 logins at once by one hash of another cost, and all of them well', async () => {
    await store(hashOf(PASSWORD, 4));
    const statuses = (await Promise.all(Array.from({ length: 20 }, () => attempt(PASSWORD)))).map(
      ({ status }) => status,
    );
    expect(statuses).toEqual(Array<number>(20).fill(200));
    expect(await stored()).toMatch(/^\$2b\$06\$/);
  });
});

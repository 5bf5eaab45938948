import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { administrator, type Administrator } from '../support/audit.js';
import { bearer, login, post, type Answer } from '../support/http.js';
import { expectNoServerErrors, expectRefusal } from '../support/refusal.js';
import { rounds } from '../support/scope.js';
import { triesSpent, turnOn } from '../support/second-factor.js';

let t: TestApp;
beforeAll(async () => {
  t = await startApp();
});
afterAll(() => t.close());

const SENTENCE = 'The last administrator must stay.';

const administrators = async (): Promise<number> => {
  const [row] = await t.dataSource.query<{ n: number | string }[]>(
    "SELECT count(*) AS n FROM users WHERE role = 'admin' AND disabled_at IS NULL AND password_hash IS NOT NULL",
  );
  return Number(row?.n);
};

/** Every way to take an administrator away. */
const ways: [string, (by: Administrator, whom: Administrator) => Promise<Answer>][] = [
  ['demote', (by, { publicId }) => by.call('PATCH', `/users/${publicId}`, { role: 'client' })],
  ['disable', (by, { publicId }) => by.call('POST', `/users/${publicId}/disable`)],
  ['delete', (by, { publicId }) => by.call('DELETE', `/users/${publicId}`)],
];

describe('the last administrator', () => {
  let last: Administrator;
  beforeAll(async () => {
    last = await administrator(t, 'last@example.com');
  });

  it.each(ways)('cannot be taken away by themselves: %s', async (way, take) => {
    const answer = await take(last, last);
    const path = `/v1/admin/users/${last.publicId}${way === 'disable' ? '/disable' : ''}`;
    expectRefusal(answer, path, 409, SENTENCE);
    expect(await administrators()).toBe(1);
  });

  it('cannot delete their own account, nor be taken away from the command line', async () => {
    const token = await login(t.url, last.email, PASSWORD);
    const deleted = await post(`${t.url}/v1/delete-account`, { password: PASSWORD }, bearer(token));
    expectRefusal(deleted, '/v1/delete-account', 409, SENTENCE);
    const accounts = t.app.get(AccountsService);
    for (const take of [
      () => accounts.disable(last.email),
      () => accounts.delete(last.email),
      () => accounts.setRole(last.email, 'client'),
    ])
      await expect(take()).rejects.toMatchObject({ definition: { code: 'last_administrator' } });
    expect(await administrators()).toBe(1);
  });

  it('is whoever can log in: another who is disabled, or has no password, is none', async () => {
    const accounts = t.app.get(AccountsService);
    await accounts.create({ email: 'no-password@example.com', role: 'admin', password: null });
    const off = await t.createUser('off@example.com', 'admin');
    await accounts.disable(off.publicId);
    for (const [, take] of ways) expect((await take(last, last)).status).toBe(409);
    expect(await administrators()).toBe(1);
    await accounts.delete('no-password@example.com');
    await accounts.delete(off.publicId);
  });

  it('may be changed in every other way', async () => {
    const answer = await last.call('PATCH', `/users/${last.publicId}`, {
      role: 'admin',
      email: 'l@example.com',
    });
    expect(answer.status).toBe(200);
    expect(await administrators()).toBe(1);
  });
});

describe('somebody who deletes their own account, and becomes the last administrator meanwhile', () => {
  it('stays', async () => {
    const [accounts, passwords] = [t.app.get(AccountsService), t.app.get(PasswordsService)];
    const { email } = await t.createUser();
    const token = await login(t.url, email, PASSWORD);
    const others = await t.dataSource.query<{ email: string }[]>(
      "SELECT email FROM users WHERE role = 'admin'",
    );
    const verify = passwords.verify.bind(passwords);
    passwords.verify = async (...task) => {
      const verification = await verify(...task);
      await accounts.setRole(email, 'admin');
      for (const other of others) await accounts.setRole(other.email, 'client');
      return verification;
    };
    const deleted = await post(`${t.url}/v1/delete-account`, { password: PASSWORD }, bearer(token));
    passwords.verify = verify;
    expectRefusal(deleted, '/v1/delete-account', 409, SENTENCE);
    expect(await administrators()).toBe(1);
  });
});

describe('the last administrator’s second factor', () => {
  it('is not asked before they are refused, which tells nothing of a code', async () => {
    const accounts = t.app.get(AccountsService);
    const account = await turnOn(t);
    const { email, authenticator, recoveryCodes } = account;
    await accounts.setRole(email, 'admin');
    await t.dataSource.query("UPDATE users SET role = 'client' WHERE email <> $1", [email]);
    t.clock.advance(30);
    const token = await login(t.url, email, PASSWORD, authenticator.code(t.clock.now()));
    t.clock.advance(30);
    const [code, wrong] = [authenticator.code(t.clock.now()), authenticator.wrongCode(t.clock.now())];
    for (const factor of [{ code }, { code: wrong }, { recovery_code: recoveryCodes[0] }, {}]) {
      const answer = await post(
        `${t.url}/v1/delete-account`,
        { password: PASSWORD, ...factor },
        bearer(token),
      );
      expectRefusal(answer, '/v1/delete-account', 409, SENTENCE);
    }
    expect(await triesSpent(t, account)).toBe(0);
  });
});

const ROUNDS = rounds(50, 500);

describe(`two administrators who take each other away at the same time, ${ROUNDS} rounds`, () => {
  it.each(ways)(
    'leave one: %s',
    async (_, take) => {
      const accounts = t.app.get(AccountsService);
      for (let round = 0; round < ROUNDS; round += 1) {
        const [one, two] = await Promise.all([administrator(t), administrator(t)]);
        // The two are all there are.
        await t.dataSource.query(
          "UPDATE users SET role = 'client' WHERE role = 'admin' AND id NOT IN ($1, $2)",
          [(await accounts.find(one.publicId)).id, (await accounts.find(two.publicId)).id],
        );
        const statuses = (await Promise.all([take(one, two), take(two, one)])).map(({ status }) => status);
        expect(await administrators()).toBe(1);
        const [good, bad] = statuses.sort();
        expect([200, 204]).toContain(good);
        // Whoever came second was no administrator any more, in one way or another.
        expect([401, 403, 409]).toContain(bad);
      }
      expectNoServerErrors(t);
    },
    120_000,
  );
});

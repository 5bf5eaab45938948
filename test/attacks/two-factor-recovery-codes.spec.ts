import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, post, send } from '../support/http.js';
import {
  createProtectedAccount,
  expectRefused,
  factorRow,
  LOGIN_PATHS,
  reasons,
  triesSpent,
  tryLogin,
  turnOn,
  type ProtectedAccount,
} from '../support/second-factor.js';

/** The codes on paper: each good once, for one account, and none of them to be read in the database. */
describe('a recovery code', () => {
  let t: TestApp;
  let account: ProtectedAccount & { token: string };
  let code: string;

  beforeAll(async () => {
    t = await startApp();
  });
  afterAll(() => t.close());
  beforeEach(async () => {
    account = await turnOn(t);
    code = account.recoveryCodes[0] ?? '';
    t.clock.advance(30);
    t.logs.length = 0;
  });

  const left = async () =>
    (
      (await send(`${t.url}/v1/two-factor`, { headers: bearer(account.token) })).body as {
        recovery_codes_left: number;
      }
    ).recovery_codes_left;
  const own = (route: string, factor: object) =>
    post(`${t.url}/v1/two-factor/${route}`, { password: PASSWORD, ...factor }, bearer(account.token));

  it('twenty times at once opens one session', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        tryLogin(t, account, { recovery_code: code }, LOGIN_PATHS[i % 2 ? 1 : 0]),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(401)]);
    expect(await left()).toBe(9);
    // Of the others, five were looked at.
    expect(await triesSpent(t, account)).toBe(5);
  });

  it.each(LOGIN_PATHS.flatMap((first) => LOGIN_PATHS.map((second) => [first, second] as const)))(
    'used at %s is refused at %s',
    async (first, second) => {
      expect((await tryLogin(t, account, { recovery_code: code }, first)).status).toBe(200);
      expectRefused(await tryLogin(t, account, { recovery_code: code }, second), second);
      expect(reasons(t)).toEqual(['wrong_recovery_code']);
      expect(await left()).toBe(9);
    },
  );

  it('opens ten logins, each by another, and then nothing', async () => {
    for (const [i, each] of account.recoveryCodes.entries()) {
      expect(await left()).toBe(10 - i);
      expect((await tryLogin(t, account, { recovery_code: each }, LOGIN_PATHS[i % 2 ? 1 : 0])).status).toBe(
        200,
      );
    }
    expect(await left()).toBe(0);
    expectRefused(await tryLogin(t, account, { recovery_code: account.recoveryCodes[9] }));
  });

  it('is the same however it is typed', async () => {
    const forms = [
      (text: string) => text.toUpperCase(),
      (text: string) => text.replaceAll('-', ''),
      (text: string) => text.replaceAll('-', ' '),
      (text: string) => ` ${text} `,
      (text: string) => Array.from(text.replaceAll('-', '')).join('-'),
    ];
    for (const [i, form] of forms.entries()) {
      const typed = form(account.recoveryCodes[i] ?? '');
      expect((await tryLogin(t, account, { recovery_code: typed })).status).toBe(200);
      // Nor does another form make it good again.
      expectRefused(await tryLogin(t, account, { recovery_code: account.recoveryCodes[i] }));
    }
  });

  it('is of no use to another account, also where its row is moved there', async () => {
    const attacker = await createProtectedAccount(t);
    expectRefused(await tryLogin(t, account, { recovery_code: attacker.recoveryCodes[0] }));
    await t.dataSource.query('UPDATE recovery_codes SET user_id = $1 WHERE user_id = $2', [
      account.id,
      attacker.id,
    ]);
    expect(await left()).toBe(20);
    for (const each of attacker.recoveryCodes.slice(0, 3))
      expectRefused(await tryLogin(t, account, { recovery_code: each }));
  });

  it('cannot be had without a second factor, nor with a wrong password', async () => {
    const path = '/v1/two-factor/recovery-codes';
    expectRefused(
      await post(t.url + path, { password: 'wrong', recovery_code: code }, bearer(account.token)),
      path,
    );
    const none = await own('recovery-codes', {});
    expect(none.status).toBe(400);
    expect(none.body).toMatchObject({ details: { code: [{ message: 'The code field is required.' }] } });
    expect(await left()).toBe(10);
  });

  it('gets new ones, and dies with the old', async () => {
    const answer = await own('recovery-codes', { recovery_code: code });
    expect(answer.status).toBe(200);
    const { recovery_codes: fresh } = answer.body as { recovery_codes: string[] };
    expect(new Set([...fresh, ...account.recoveryCodes]).size).toBe(20);
    expect(await left()).toBe(10);
    for (const old of account.recoveryCodes.slice(0, 3))
      expectRefused(await tryLogin(t, account, { recovery_code: old }));
    expect((await tryLogin(t, account, { recovery_code: fresh[0] })).status).toBe(200);
  });

  it('of twenty renewals at once: the ten that are stored were all shown in one answer', async () => {
    const answers = await Promise.all(
      account.recoveryCodes.map((each) => own('recovery-codes', { recovery_code: each })),
    );
    const renewed = answers.filter(({ status }) => status === 200);
    // The first voids the codes of the others.
    expect(renewed).toHaveLength(1);
    expect(await left()).toBe(10);
    t.clock.advance(15 * 60);
    const { recovery_codes: shown } = renewed[0]?.body as { recovery_codes: string[] };
    for (const each of shown) expect((await tryLogin(t, account, { recovery_code: each })).status).toBe(200);
    expect(await left()).toBe(0);
  });

  it('turns two-factor off, together with the password', async () => {
    expectRefused(
      await post(
        `${t.url}/v1/two-factor/disable`,
        { password: 'wrong', recovery_code: code },
        bearer(account.token),
      ),
      '/v1/two-factor/disable',
    );
    expect((await own('disable', { recovery_code: code })).status).toBe(204);
    expect(await factorRow(t, account)).toBeUndefined();
    expect((await tryLogin(t, account)).status).toBe(200);
  });

  it('does not confirm an enrolment', async () => {
    const { id } = account;
    await own('disable', { recovery_code: code });
    await post(`${t.url}/v1/two-factor`, { password: PASSWORD }, bearer(account.token));
    const confirm = (body: object) => post(`${t.url}/v1/two-factor/confirm`, body, bearer(account.token));
    for (const body of [{ recovery_code: account.recoveryCodes[1] }, { code: account.recoveryCodes[1] }]) {
      expect((await confirm(body)).status).toBe(400);
    }
    expect((await factorRow(t, { id }))?.confirmed_at).toBeNull();
  });

  it('sent beside a code is neither looked at nor used', async () => {
    const right = account.authenticator.code(t.clock.now());
    expect(
      (await tryLogin(t, account, { code: right, recovery_code: account.recoveryCodes[1] })).status,
    ).toBe(200);
    // Not two guesses for the price of one either.
    const wrong = account.authenticator.wrongCode(t.clock.now());
    expectRefused(await tryLogin(t, account, { code: wrong, recovery_code: code }));
    expect(await left()).toBe(10);
    expect(await triesSpent(t, account)).toBe(1);
  });

  it('is stored as a hash that differs between accounts', async () => {
    const rows: { code_hash: string }[] = await t.dataSource.query(
      'SELECT * FROM recovery_codes WHERE user_id = $1',
      [account.id],
    );
    expect(rows).toHaveLength(10);
    const stored = JSON.stringify(rows);
    for (const each of account.recoveryCodes) {
      for (const form of [each, each.replaceAll('-', ''), each.toUpperCase()])
        expect(stored).not.toContain(form);
    }
  });
});

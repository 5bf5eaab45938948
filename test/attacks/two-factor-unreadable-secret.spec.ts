import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EncryptionService } from '../../src/platform/crypto/encryption.service.js';
import { TwoFactorService } from '../../src/two-factor/two-factor.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, post } from '../support/http.js';
import {
  Authenticator,
  createProtectedAccount,
  expectRefused,
  factorRow,
  LOGIN_PATHS,
  reasons,
  tryLogin,
  turnOn,
  type ProtectedAccount,
} from '../support/second-factor.js';

const NEW_KEY = 'Zx1cV3bN5mA7sD9fG2hJ4kL6qW8eR0tY';
const OLD_KEY = 'Vb5nMq8wErT2yUi9oPa4sDf7gHj1kLzX';

/** A secret that was exchanged, damaged or lost in the database: speakeasy would verify an empty one. Never a way in. */
describe('a stored secret', () => {
  let database: TestDatabase;
  let t: TestApp;
  let account: ProtectedAccount;

  beforeEach(async () => {
    database = await createDatabase();
    t = await startApp({ database });
    account = await createProtectedAccount(t);
  });
  afterEach(async () => {
    await t.close();
    await database.drop();
  });

  /** The same database under other keys. */
  const restart = async (env: Record<string, string>) => {
    const then = t.clock.now();
    await t.close();
    t = await startApp({ database, env });
    t.clock.advance((then - t.clock.now()) / 1000);
  };
  const store = (secret: string, { id } = account) =>
    t.dataSource.query('UPDATE two_factor SET secret = $1 WHERE user_id = $2', [secret, id]);
  const right = (of = account) => ({ code: of.authenticator.code(t.clock.now()) });
  const alarms = () => t.logs.filter(({ msg }) => String(msg).startsWith('ALARM'));

  /** Neither the right code nor those of an empty or zero secret open it; each try raises the alarm and spends nothing. */
  async function expectUnreadable(): Promise<void> {
    const stored = (await factorRow(t, account))?.secret ?? '';
    // The right one, and that of an empty secret, which HMAC takes for zeros.
    const codes = [right().code, new Authenticator('AA').code(t.clock.now())];
    for (const code of codes) {
      for (const path of LOGIN_PATHS) expectRefused(await tryLogin(t, account, { code }, path), path);
    }
    expect(reasons(t)).toEqual(Array(codes.length * 2).fill('secret_unreadable'));
    expect(alarms()).toHaveLength(codes.length * 2);
    for (const alarm of alarms()) {
      expect(alarm).toMatchObject({ level: 50, user_id: account.id });
      expect(stored.length > 10 && JSON.stringify(alarm).includes(stored)).toBe(false);
    }
    expect(await factorRow(t, account)).toMatchObject({
      failed_codes: 0,
      last_used_step: null,
      secret: stored,
    });
    // Without a code it is as before: no way in either.
    expect((await tryLogin(t, account)).status).toBe(400);
    expect((await tryLogin(t, account, {}, LOGIN_PATHS[1])).status).toBe(401);
  }

  it.each<[string, (secret: string) => string]>([
    ['emptied', () => ''],
    ['garbled', (secret) => secret.slice(0, 20) + (secret[20] === 'A' ? 'B' : 'A') + secret.slice(21)],
    ['cut short', (secret) => secret.slice(0, -4)],
    ['without its key id', (secret) => secret.split('.')[1] ?? ''],
    ['with another key id', (secret) => `AAAAAAAA.${secret.split('.')[1]}`],
    ['in the clear', () => 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'],
    ['blank', () => ' '],
    ['JSON', () => '{"secret":""}'],
  ])('%s refuses the login', async (_, damage) => {
    await store(damage((await factorRow(t, account))?.secret ?? ''));
    await expectUnreadable();
  });

  it('of another account refuses the login, also to the one who put it there', async () => {
    const attacker = await createProtectedAccount(t);
    const [theirs, mine] = [await factorRow(t, account), await factorRow(t, attacker)];
    await store(mine?.secret ?? '');
    await store(theirs?.secret ?? '', attacker);
    // The attacker's own authenticator on the account that now has the attacker's secret, and so on, crosswise.
    for (const [who, code] of [
      [account, right(attacker)],
      [attacker, right(account)],
      [attacker, right(attacker)],
    ] as const) {
      expectRefused(await tryLogin(t, who, code));
    }
    expect(reasons(t)).toEqual(Array(3).fill('secret_unreadable'));
    t.logs.length = 0;
    await expectUnreadable();
  });

  it('encrypted for the account, but of a length that none has, refuses the login', async () => {
    const encryption = t.app.get(EncryptionService);
    for (const length of [0, 9]) {
      await store(encryption.encrypt(Buffer.alloc(length), `two-factor secret of user ${account.id}`));
      t.logs.length = 0;
      await expectUnreadable();
    }
  });

  it('whose key is missing refuses the login, and opens again once the key is back', async () => {
    await restart({ ENCRYPTION_KEY: NEW_KEY });
    await expectUnreadable();
    await restart({});
    expect((await tryLogin(t, account, right())).status).toBe(200);
  });

  it('unreadable at disabling and renewing is refused as well, while a recovery code still gets its owner in and out', async () => {
    const owner = await turnOn(t);
    await store('', owner);
    t.clock.advance(30);
    for (const route of ['disable', 'recovery-codes']) {
      const body = { password: PASSWORD, ...right(owner) };
      expectRefused(
        await post(`${t.url}/v1/two-factor/${route}`, body, bearer(owner.token)),
        `/v1/two-factor/${route}`,
      );
    }
    expect(reasons(t)).toEqual(['secret_unreadable', 'secret_unreadable']);
    const [first, second] = owner.recoveryCodes;
    const answer = await tryLogin(t, owner, { recovery_code: first });
    expect(answer.status).toBe(200);
    const token = answer.headers.get('access_token') ?? '';
    const proof = { password: PASSWORD, recovery_code: second };
    expect((await post(`${t.url}/v1/two-factor/disable`, proof, bearer(token))).status).toBe(204);
    expect((await tryLogin(t, owner)).status).toBe(200);
  });

  it('of a previous key opens, and is encrypted anew as it is used', async () => {
    const old = (await factorRow(t, account))?.secret ?? '';
    await restart({ ENCRYPTION_KEY: NEW_KEY, ENCRYPTION_PREVIOUS_KEYS: OLD_KEY });
    // A wrong code is no use.
    expectRefused(await tryLogin(t, account, { code: account.authenticator.wrongCode(t.clock.now()) }));
    expect((await factorRow(t, account))?.secret).toBe(old);
    expect((await tryLogin(t, account, right())).status).toBe(200);
    expect((await factorRow(t, account))?.secret.slice(0, 8)).not.toBe(old.slice(0, 8));
    await restart({ ENCRYPTION_KEY: NEW_KEY });
    t.clock.advance(30);
    expect((await tryLogin(t, account, right())).status).toBe(200);
    expect(alarms()).toEqual([]);
  });

  it('of a previous key is encrypted anew by `reencryptAll`, which counts those it cannot read', async () => {
    const accounts = [account, await createProtectedAccount(t), await createProtectedAccount(t)] as const;
    await store('damaged', accounts[1]);
    await restart({ ENCRYPTION_KEY: NEW_KEY, ENCRYPTION_PREVIOUS_KEYS: OLD_KEY });
    const twoFactor = t.app.get(TwoFactorService);
    expect(await twoFactor.reencryptAll()).toEqual({ reencrypted: 2, unreadable: 1 });
    expect(await twoFactor.reencryptAll()).toEqual({ reencrypted: 0, unreadable: 1 });
    expect((await factorRow(t, accounts[1]))?.secret).toBe('damaged');
    await restart({ ENCRYPTION_KEY: NEW_KEY });
    for (const each of [accounts[0], accounts[2]])
      expect((await tryLogin(t, each, right(each))).status).toBe(200);
    expectRefused(await tryLogin(t, accounts[1], right(accounts[1])));
  });

  it('is encrypted anew while logins use it, and none of them is refused for that', async () => {
    const accounts = [];
    for (let i = 0; i < 12; i += 1) accounts.push(await createProtectedAccount(t));
    await restart({ ENCRYPTION_KEY: NEW_KEY, ENCRYPTION_PREVIOUS_KEYS: OLD_KEY });
    const twoFactor = t.app.get(TwoFactorService);
    const [answers] = await Promise.all([
      Promise.all(accounts.map((each) => tryLogin(t, each, right(each)))),
      twoFactor.reencryptAll(),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(await twoFactor.reencryptAll()).toEqual({ reencrypted: 0, unreadable: 0 });
  });
});

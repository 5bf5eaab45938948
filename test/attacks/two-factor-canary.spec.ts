import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from 'otpauth';
import { PASSWORD } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';
import { eventually } from '../support/keys.js';
import { Authenticator, LOGIN_PATHS, tryLogin } from '../support/second-factor.js';
import { expectNoneOf, formsOf, Witness, type Places } from '../support/witness.js';

const ADMINISTRATOR = { email: 'admin@example.com' };

/** Every form in which a secret could be found again. */
function formsOfSecret(base32: string): string[] {
  const bytes = Buffer.from(Secret.fromBase32(base32).bytes);
  const hex = bytes.toString('hex');
  const base64 = bytes.toString('base64').replace(/=+$/, '');
  return [
    base32,
    base32.toLowerCase(),
    hex,
    hex.toUpperCase(),
    base64,
    bytes.toString('base64url'),
    bytes.toString('latin1'),
  ];
}

const formsOfRecoveryCode = (code: string): string[] => {
  const bare = code.replaceAll('-', '');
  return [code, code.toUpperCase(), bare, bare.toUpperCase(), code.replaceAll('-', ' ')];
};

/** Secrets and codes are shown once, to their owner: whoever reads logs, answers or the database learns none of them. */
describe('after two-factor was used in every way, at LOG_LEVEL trace', () => {
  let witness: Witness;
  let places: Places;
  /** Every answer but the two kinds that show what was made. */
  const answers: string[] = [];
  const secrets: string[] = [];
  const recoveryCodes: string[] = [];
  const codes: string[] = [];

  beforeAll(async () => {
    witness = await Witness.start({ TOTP_WINDOW_STEPS: '2' });
    await useEverything();
    await eventually(() => witness.sent().includes('"two_factor.disabled"'));
    places = { ...(await witness.places()), answers: answers.join('\n') };
  }, 60_000);
  afterAll(() => witness.remove());

  const keep = async (answer: ReturnType<typeof send>) => {
    const { status, text, headers } = await answer;
    answers.push(text, JSON.stringify([...headers]));
    return status;
  };
  const spend = (code: string) => {
    codes.push(code);
    return { code };
  };

  async function useEverything(): Promise<void> {
    const { server, dataSource } = witness;
    const { url } = server;
    const token = await login(url, ADMINISTRATOR.email, PASSWORD);
    const own = (route: string, body: object) => post(`${url}/v1/two-factor${route}`, body, bearer(token));
    const begin = async () => {
      const { secret } = (await own('', { password: PASSWORD })).body as { secret: string };
      secrets.push(secret);
      return new Authenticator(secret);
    };
    const remember = ({ body }: { body: unknown }) =>
      recoveryCodes.push(...(body as { recovery_codes: string[] }).recovery_codes);
    await begin();
    const authenticator = await begin();
    await keep(own('/confirm', spend(authenticator.wrongCode(Date.now()))));
    remember(await own('/confirm', spend(authenticator.code(Date.now(), -1))));
    expect(await keep(own('', { password: PASSWORD }))).toBe(409);
    for (const path of LOGIN_PATHS) {
      await keep(tryLogin(server, ADMINISTRATOR, {}, path));
      await keep(
        tryLogin(server, ADMINISTRATOR, spend(authenticator.wrongCodes(Date.now(), 9)[8] ?? ''), path),
      );
      await keep(tryLogin(server, ADMINISTRATOR, spend(authenticator.code(Date.now(), -2)), path));
      await keep(tryLogin(server, ADMINISTRATOR, { code: `${secrets[1]}` }, path));
      await keep(tryLogin(server, ADMINISTRATOR, { recovery_code: `${recoveryCodes[0]}x` }, path));
      await keep(post(url + path, { ...ADMINISTRATOR, password: recoveryCodes[1], code: '123 56' }));
      await keep(post(url + path, `{"code":"${recoveryCodes[1]}",`));
    }
    // Our side fails with a secret and a code in its hands.
    await dataSource.query('ALTER TABLE sessions RENAME TO sessions_elsewhere');
    for (const path of LOGIN_PATHS) {
      expect(await keep(tryLogin(server, ADMINISTRATOR, spend(authenticator.code(Date.now())), path))).toBe(
        500,
      );
      expect(await keep(tryLogin(server, ADMINISTRATOR, { recovery_code: recoveryCodes[1] }, path))).toBe(
        500,
      );
    }
    await dataSource.query('ALTER TABLE sessions_elsewhere RENAME TO sessions');
    await dataSource.query('ALTER TABLE recovery_codes RENAME TO codes_elsewhere');
    expect(await keep(tryLogin(server, ADMINISTRATOR, { recovery_code: recoveryCodes[1] }))).toBe(500);
    await dataSource.query('ALTER TABLE codes_elsewhere RENAME TO recovery_codes');
    expect(await keep(tryLogin(server, ADMINISTRATOR, spend(authenticator.code(Date.now()))))).toBe(200);
    expect(await keep(tryLogin(server, ADMINISTRATOR, { recovery_code: recoveryCodes[1] }))).toBe(200);
    expect(await keep(tryLogin(server, ADMINISTRATOR, { recovery_code: recoveryCodes[1] }))).toBe(401);
    remember(await own('/recovery-codes', { password: PASSWORD, recovery_code: recoveryCodes[2] }));
    // One that cannot be read raises its alarm.
    await dataSource.query("UPDATE two_factor SET secret = '' || user_id");
    expect(await keep(tryLogin(server, ADMINISTRATOR, spend(authenticator.code(Date.now(), 1))))).toBe(401);
    for (const path of ['/v1/two-factor', '/v1/sessions', '/docs-json'])
      await keep(send(url + path, { headers: bearer(token) }));
    await keep(own('/disable', { password: PASSWORD, recovery_code: recoveryCodes[10] }));
    // Left on, for the tables to be looked at.
    const last = await begin();
    remember(await own('/confirm', spend(last.code(Date.now()))));
  }

  it('there is something to look through', () => {
    const { logs = '', tables, sent } = places;
    expect(logs).toContain('"reason":"wrong_code"');
    expect(logs).toContain('"reason":"code_used"');
    expect(logs).toContain('"reason":"wrong_recovery_code"');
    expect(logs).toContain('ALARM');
    expect(logs.match(/"level":50/g)?.length).toBeGreaterThanOrEqual(6);
    expect(tables).toContain('two_factor [{');
    expect(tables).toContain('recovery_codes [{');
    expect(tables).toMatch(/audit_events \[\{.*wrong_recovery_code/);
    expect(sent).toContain('"two_factor.enabled"');
    expect(secrets).toHaveLength(3);
    expect(recoveryCodes).toHaveLength(30);
    expect(codes.length).toBeGreaterThan(8);
    expect(answers.length).toBeGreaterThan(40);
  });

  it('no secret is anywhere', () => {
    expectNoneOf(secrets.flatMap(formsOfSecret), places);
  });

  it('no code is anywhere', () => {
    expectNoneOf(codes, places);
  });

  it('no recovery code is anywhere', () => {
    expectNoneOf(recoveryCodes.flatMap(formsOfRecoveryCode), places);
  });

  it('no password, and nothing of an otpauth URL or QR code', () => {
    // The API's description shows one for an example.
    const written = { ...places, answers: '' };
    expectNoneOf(formsOf(PASSWORD), written);
    expectNoneOf(['otpauth://totp/Gatehouse:admin', 'image/svg'], written);
  });

  it('the stored secret is nothing that the secret alone, or any unkeyed arithmetic on it, gives', () => {
    const { tables = '' } = places;
    const rows = /two_factor (\[.*\])/.exec(tables)?.[1] ?? '[]';
    const [{ secret = '' } = {}] = JSON.parse(rows) as { secret?: string }[];
    expect(secret).toMatch(/^[\w-]{8}\.[\w-]{64}$/);
    for (const algorithm of ['sha1', 'sha256', 'md5']) {
      const digest = createHash(algorithm)
        .update(Secret.fromBase32(secrets[2] ?? '').bytes)
        .digest();
      expect(tables).not.toContain(digest.toString('hex'));
      expect(tables).not.toContain(digest.toString('base64url'));
    }
  });
});

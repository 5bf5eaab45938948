import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from 'otpauth';
import type { DataSource } from 'typeorm';
import { createDataSource, dataSourceOptions } from '../../src/platform/database/data-source.js';
import { PASSWORD } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post, send } from '../support/http.js';
import { startProcess, type ServerProcess } from '../support/process.js';
import { Authenticator, LOGIN_PATHS, tryLogin } from '../support/second-factor.js';

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
  let database: TestDatabase;
  let server: ServerProcess;
  let dataSource: DataSource;
  let logs = '';
  let tables = '';
  let files = '';
  let webhooks = '';
  const receiver = createServer((request, response) => {
    void text(request).then((body) => {
      webhooks += `${JSON.stringify(request.headers)} ${body}\n`;
      response.end();
    });
  });
  /** Every answer but the two kinds that show what was made. */
  const answers: string[] = [];
  const secrets: string[] = [];
  const recoveryCodes: string[] = [];
  const codes: string[] = [];

  beforeAll(async () => {
    database = await createDatabase();
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    server = await startProcess(database, {
      LOG_LEVEL: 'trace',
      TOTP_WINDOW_STEPS: '2',
      WEBHOOK_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
      WEBHOOK_SECRET: 'wh-8fK2mQ7xVt4ZrB9nLc3Yp6Ds1Jg5Ha0E',
    });
    dataSource = createDataSource(dataSourceOptions({ ...database }));
    await dataSource.initialize();
    await useEverything();
    await dumpEverything();
  }, 60_000);
  afterAll(async () => {
    receiver.close();
    await dataSource.destroy();
    await database.drop();
  });

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

  async function dumpEverything(): Promise<void> {
    // What is written beside the requests, and sent after them.
    for (let i = 0; i < 100 && !webhooks.includes('"two_factor.disabled"'); i += 1) await sleep(100);
    await sleep(500);
    const named =
      database.kind === 'postgres'
        ? "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        : "SELECT name FROM sqlite_master WHERE type = 'table'";
    const list: { name: string }[] = await dataSource.query(named);
    for (const { name } of list)
      tables += `${name} ${JSON.stringify(await dataSource.query(`SELECT * FROM "${name}"`))}\n`;
    await server.end();
    logs = server.output();
    // Of SQLite every page, written ahead or free.
    for (const name of readdirSync(database.dataDir))
      files += readFileSync(join(database.dataDir, name), 'latin1');
  }

  const expectNoneOf = (forms: string[], where: Record<string, string>) => {
    for (const [name, text] of Object.entries(where)) {
      for (const form of forms) {
        // Six digits are found in every number: only as a word of their own they are a code.
        const found = /^\d+$/.test(form)
          ? new RegExp(`(?<![\\w.])${form}(?![\\w.])`).test(text)
          : text.includes(form);
        expect({ name, form, found }).toEqual({ name, form, found: false });
      }
    }
  };
  const everywhere = () => ({ logs, tables, files, webhooks, answers: answers.join('\n') });

  it('there is something to look through', () => {
    expect(logs).toContain('"reason":"wrong_code"');
    expect(logs).toContain('"reason":"code_used"');
    expect(logs).toContain('"reason":"wrong_recovery_code"');
    expect(logs).toContain('ALARM');
    expect(logs.match(/"level":50/g)?.length).toBeGreaterThanOrEqual(6);
    expect(tables).toContain('two_factor [{');
    expect(tables).toContain('recovery_codes [{');
    expect(tables).toMatch(/audit_events \[\{.*wrong_recovery_code/);
    expect(webhooks).toContain('"two_factor.enabled"');
    expect(secrets).toHaveLength(3);
    expect(recoveryCodes).toHaveLength(30);
    expect(codes.length).toBeGreaterThan(8);
    expect(answers.length).toBeGreaterThan(40);
  });

  it('no secret is anywhere', () => {
    expectNoneOf(secrets.flatMap(formsOfSecret), everywhere());
  });

  it('no code is anywhere', () => {
    expectNoneOf(codes, everywhere());
  });

  it('no recovery code is anywhere', () => {
    expectNoneOf(recoveryCodes.flatMap(formsOfRecoveryCode), everywhere());
  });

  it('no password, and nothing of an otpauth URL or QR code', () => {
    // The API's description shows one for an example.
    expectNoneOf([PASSWORD, Buffer.from(PASSWORD).toString('latin1')], { logs, tables, files, webhooks });
    expectNoneOf(['otpauth://totp/Gatehouse:admin', 'image/svg'], { logs, tables, files });
  });

  it('the stored secret is nothing that the secret alone, or any unkeyed arithmetic on it, gives', () => {
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

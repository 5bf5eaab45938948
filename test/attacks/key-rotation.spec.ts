import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PUBLISHED_BEFORE_SIGNING_SECONDS } from '../../src/sessions/key-ring.js';
import { gatehouse } from '../commands/gatehouse.js';
import { PASSWORD, startApp, type TestApp, type TestClock } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { login, send } from '../support/http.js';
import { eventually, headerOf, keyFileOf, rotate, signed, STORED } from '../support/keys.js';
import { startProcess } from '../support/process.js';
import { claimsOf, guarded, refresh, refreshed } from '../support/tokens.js';

const OLD = 'k7Jp2xQv9LmZ4tRw8sYb1nCe6gHd3fUa';
const NEW = 'uY1oIw0eXrQ-NbVmCkLzJhGfDsApSdKq';
const EMAIL = 'ada@example.com';
const kidOf = (token: string) => headerOf(token)['kid'];

/** A change of keys logs nobody out, and a key that is out of use opens nothing. */
describe('tokens across a change of keys', () => {
  let database: TestDatabase;
  let t: TestApp | undefined;

  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(async () => {
    await t?.close();
    await database.drop();
  });

  /** Ends the application and starts one with other settings on the same data, at the same time. */
  async function restart(env: Record<string, string | undefined>, clock?: TestClock): Promise<TestApp> {
    clock ??= t?.clock;
    await t?.close();
    t = undefined;
    t = await startApp({ env, database, ...(clock && { clock }) });
    return t;
  }

  async function start(env: Record<string, string | undefined>): Promise<TestApp> {
    const app = await restart(env);
    await app.createUser(EMAIL);
    return app;
  }

  async function expectRefused({ url }: TestApp, token: string): Promise<void> {
    expect(await guarded(url, token)).toBe(401);
    expect((await refresh(url, token)).status).toBe(401);
  }

  it('JWT_PREVIOUS_SECRETS verifies and never signs; what is taken out of it is refused at once', async () => {
    let app = await start({ JWT_SECRET: OLD });
    const [first, second] = [await login(app.url, EMAIL, PASSWORD), await login(app.url, EMAIL, PASSWORD)];

    app = await restart({ JWT_SECRET: NEW, JWT_PREVIOUS_SECRETS: OLD });
    expect(await guarded(app.url, first)).toBe(200);
    const next = await refreshed(app.url, first);
    const other = await login(app.url, EMAIL, PASSWORD);
    expect(kidOf(next)).not.toBe(kidOf(first));
    expect(kidOf(other)).toBe(kidOf(next));
    expect(await guarded(app.url, second)).toBe(200);

    app = await restart({ JWT_SECRET: NEW });
    for (const token of [first, second]) await expectRefused(app, token);
    for (const token of [next, other]) expect(await guarded(app.url, token)).toBe(200);
  });

  it('a secret that is also named among the previous ones still signs', async () => {
    const app = await start({ JWT_SECRET: OLD, JWT_PREVIOUS_SECRETS: `${NEW},${OLD}` });
    expect(await guarded(app.url, await login(app.url, EMAIL, PASSWORD))).toBe(200);
  });

  it('a stored key signs in its time, and verifies until the last token it signed has expired', async () => {
    const app = await start(STORED);
    const secret = readFileSync(join(database.dataDir, 'jwt-secret'), 'utf8');
    const before = await login(app.url, EMAIL, PASSWORD);
    const { kid } = await rotate(app);
    app.clock.advance(PUBLISHED_BEFORE_SIGNING_SECONDS - 1);
    const last = await login(app.url, EMAIL, PASSWORD);
    expect(kidOf(last)).toBe(kidOf(before));
    app.clock.advance(1);
    const first = await login(app.url, EMAIL, PASSWORD);
    expect(kidOf(first)).toBe(kid);

    // Whoever got hold of the old secret can give a token any time it likes.
    const forged = signed(headerOf(last), { ...claimsOf(last), exp: 9_999_999_999 }, secret);
    app.clock.advance(3_598);
    // Both are remembered from now on, and refused all the same.
    for (const token of [last, first, forged]) expect(await guarded(app.url, token)).toBe(200);
    app.clock.advance(2);
    await expectRefused(app, forged);
    expect(await guarded(app.url, await login(app.url, EMAIL, PASSWORD))).toBe(200);
  });

  it('a token that is given again is the same, though another key signs by then', async () => {
    const app = await start(STORED);
    const parent = await login(app.url, EMAIL, PASSWORD);
    const { kid } = await rotate(app);
    app.clock.advance(PUBLISHED_BEFORE_SIGNING_SECONDS - 1);
    const child = await refreshed(app.url, parent);
    app.clock.advance(2);
    expect(await refreshed(app.url, parent)).toBe(child);
    const next = await refreshed(app.url, child);
    expect([kidOf(child), kidOf(next)]).toEqual([kidOf(parent), kid]);
  });

  it('a key that is taken out of the file is refused at once, also by tokens that were seen', async () => {
    const app = await start(STORED);
    const token = await login(app.url, EMAIL, PASSWORD);
    expect(await guarded(app.url, token)).toBe(200);
    await rotate(app);
    const file = keyFileOf(app);
    const { keys } = JSON.parse(readFileSync(file, 'utf8')) as { keys: unknown[] };
    writeFileSync(file, JSON.stringify({ keys: keys.slice(1) }));
    await eventually(async () => (await guarded(app.url, token)) === 401);
    await expectRefused(app, token);
  });

  it('`keys rotate` reaches servers that run, and none refuses what another signs', async () => {
    const env = { JWT_ALGORITHM: 'ES256', ...STORED };
    const server = await startProcess(database, env);
    const other = await startProcess(database, env);
    try {
      const before = await login(server.url, 'admin@example.com', PASSWORD);
      let newest = await login(server.url, 'admin@example.com', PASSWORD);
      const published = async () => {
        const { body } = await send(`${other.url}/.well-known/jwks.json`);
        return (body as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
      };
      const later = await rotateByCommand();
      await eventually(async () => (await published()).includes(later));
      newest = await refreshed(server.url, newest);
      expect(kidOf(newest)).toBe(kidOf(before));

      const soon = await rotateByCommand('--now');
      await eventually(async () => {
        for (const [signing, asked] of [[server, other] as const, [other, server] as const]) {
          newest = await refreshed(signing.url, newest);
          expect(await guarded(asked.url, newest)).toBe(200);
        }
        return kidOf(newest) === soon;
      });
      expect(await guarded(server.url, before)).toBe(200);
      expect(await published()).toEqual([kidOf(before), soon, later]);
    } finally {
      await Promise.all([server.end(), other.end()]);
    }
  });

  async function rotateByCommand(...options: string[]): Promise<string> {
    const env = { JWT_ALGORITHM: 'ES256' };
    const { stdout, stderr } = await gatehouse(database, ['keys', 'rotate', '--json', ...options], { env });
    expect(stderr).not.toMatch(/must|could not/);
    return (JSON.parse(stdout) as { kid: string }).kid;
  }

  it('JWT_ALGORITHM changed and changed back on the same data refuses nobody', async () => {
    let app = await start(STORED);
    const tokens = [await login(app.url, EMAIL, PASSWORD)];
    const algorithms = ['ES256', 'HS256', 'ES256'];
    for (const JWT_ALGORITHM of algorithms) {
      app = await restart({ ...STORED, JWT_ALGORITHM });
      // Another server may still be on the former settings: it has the time to read the new key.
      expect(headerOf(await login(app.url, EMAIL, PASSWORD))['alg']).not.toBe(JWT_ALGORITHM);
      app.clock.advance(5);
      tokens.push(await login(app.url, EMAIL, PASSWORD));
      for (const token of tokens) expect(await guarded(app.url, token)).toBe(200);
    }
    expect(tokens.map((token) => headerOf(token)['alg'])).toEqual(['HS256', ...algorithms]);
    expect(new Set(tokens.map(kidOf)).size).toBe(4);

    const [oldest, , , newest] = tokens;
    expect(headerOf(await refreshed(app.url, oldest ?? ''))['alg']).toBe('ES256');
    // What signs has not retired: the first ES256 key has.
    app.clock.advance(3_600 - 1);
    expect(await guarded(app.url, newest ?? '')).toBe(200);
    const again = await login(app.url, EMAIL, PASSWORD);
    app.clock.advance(3_600 - 1);
    expect(await guarded(app.url, again)).toBe(200);
  });
});

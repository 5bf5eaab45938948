import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { gatehouse, gatehouseJson } from './gatehouse.js';

interface Key {
  kid: string;
  algorithm: string;
  state: string;
  signs_from: string | null;
  retires_at: string | null;
}

const SECRET = 'k7Jp2xQv9LmZ4tRw8sYb1nCe6gHd3fUa';
const OTHER = 'Vb5nMq8wErT2yUi9oPa4sDf7gHj1kLzX';

describe('gatehouse keys', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  const list = async () => (await gatehouseJson<{ keys: Key[] }>(database, ['keys', 'list'])).keys;

  it('rotate says which key it added, from when it signs, and until when the one before it verifies', async () => {
    const [first] = await list();
    expect(first).toMatchObject({ algorithm: 'HS256', state: 'signing', signs_from: null, retires_at: null });

    const started = Date.now();
    const added = await gatehouseJson<Key & { previous: Key }>(database, ['keys', 'rotate']);
    const signsFrom = Date.parse(added.signs_from ?? '');
    expect(signsFrom - started).toBeGreaterThanOrEqual(660_000);
    expect(signsFrom - Date.now()).toBeLessThanOrEqual(660_000);
    expect(added.previous).toEqual({
      kid: first?.kid,
      retires_at: new Date(signsFrom + 3_600_000).toISOString(),
    });

    const { code, stdout } = await gatehouse(database, ['keys', 'rotate', '--now']);
    expect(code).toBe(0);
    const [, soon, signs_from, previous, retires_at] =
      /^Added HS256 key (\S+)\. It signs from (\S+) on; until then (\S+) signs, which verifies until (\S+)\.\n$/.exec(
        stdout,
      ) ?? [];
    expect(Date.parse(signs_from ?? '') - Date.now()).toBeLessThanOrEqual(5_000);
    expect(previous).toBe(first?.kid);

    expect(await list()).toEqual([
      { ...first, state: expect.stringMatching(/^(signing|verifying)$/), retires_at },
      {
        kid: soon,
        algorithm: 'HS256',
        // Some seconds may have passed.
        state: expect.stringMatching(/^(next|signing)$/),
        signs_from,
        retires_at: new Date(signsFrom + 3_600_000).toISOString(),
      },
      { kid: added.kid, algorithm: 'HS256', state: 'next', signs_from: added.signs_from, retires_at: null },
    ]);
  });

  it('list is a line for each key, and nothing of what is secret', async () => {
    await gatehouse(database, ['keys', 'rotate']);
    const { stdout } = await gatehouse(database, ['keys', 'list']);
    expect(stdout).toMatch(/^state +alg +signs from +retires at +kid\nsigning +HS256 .*\nnext +HS256 .*\n$/);
    const json = JSON.stringify(await list());
    const stored = readFileSync(join(database.dataDir, 'signing-keys.json'), 'utf8');
    const { keys } = JSON.parse(stored) as { keys: { material: string }[] };
    for (const { material } of keys) expect(stdout + json).not.toContain(material.slice(0, 8));
  });

  it('list before the first start of ES256 finds none and makes none', async () => {
    const { stdout } = await gatehouse(database, ['keys', 'list'], { env: { JWT_ALGORITHM: 'ES256' } });
    expect(stdout).toBe('No keys yet: the first start makes one.\n');
    expect(readdirSync(database.dataDir)).not.toContain('signing-keys.json');
  });

  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const elliptic = {
    JWT_ALGORITHM: 'ES256',
    JWT_PRIVATE_KEY: pem,
    JWT_VERIFICATION_KEYS: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    JWT_PREVIOUS_SECRETS: SECRET,
  };
  it.each<[string, Record<string, string>, RegExp]>([
    ['a secret', { JWT_SECRET: SECRET }, /^JWT_SECRET gives .*JWT_PREVIOUS_SECRETS.*docs\/signing-keys\.md/],
    ['a private key', elliptic, /^JWT_PRIVATE_KEY gives .*JWT_VERIFICATION_KEYS.*docs\/signing-keys\.md/],
  ])('rotate refuses where the environment gives %s, and says what to do', async (_, env, line) => {
    const { code, stdout, stderr } = await gatehouse(database, ['keys', 'rotate'], { env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(line);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(readdirSync(database.dataDir)).not.toContain('signing-keys.json');
  });

  it('list shows what the environment gives, each key once', async () => {
    const env = { ...elliptic, JWT_PREVIOUS_SECRETS: `${SECRET},${OTHER}` };
    const { stdout } = await gatehouse(database, ['keys', 'list', '--json'], { env });
    const { keys } = JSON.parse(stdout) as { keys: Key[] };
    expect(keys.map(({ algorithm, state }) => `${algorithm} ${state}`)).toEqual([
      'HS256 verifying',
      'HS256 verifying',
      'ES256 signing',
    ]);
    expect(keys.map((key) => [key.signs_from, key.retires_at])).toEqual(Array(3).fill([null, null]));
  });

  it('rotate refuses another algorithm than that of the keys', async () => {
    await gatehouse(database, ['keys', 'rotate']);
    const { code, stderr } = await gatehouse(database, ['keys', 'rotate'], {
      env: { JWT_ALGORITHM: 'ES256' },
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^JWT_ALGORITHM: must be HS256, [^\n]*restart the server[^\n]*\n$/);
    expect(await list()).toHaveLength(2);
  });
});

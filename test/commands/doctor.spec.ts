import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { onPostgres, onSqlite } from '../support/scope.js';
import { gatehouse, gatehouseJson } from './gatehouse.js';

interface Finding {
  check: string;
  state: string;
  found: string;
  remedy?: string;
}

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase({ isDurable: true });
  await gatehouse(database, ['migrate']);
});
afterAll(() => database.drop());

/** What it finds wrong, by check; and its exit code. */
async function diagnosis(env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await gatehouse(database, ['doctor', '--json'], { env });
  expect(stderr).toBe('');
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  expect(ok).toBe(code === 0);
  const state = (name: string) => findings.find(({ check }) => check === name)?.state;
  return { code, findings, state };
}

describe('doctor on a good set-up', () => {
  it('fails nothing, exits 0, and gives every line that is not ok a remedy', async () => {
    const { findings } = await gatehouseJson<{ findings: Finding[] }>(database, ['doctor']);
    expect(findings.filter(({ state }) => state === 'fail')).toEqual([]);
    for (const { state, remedy } of findings) expect(remedy === undefined).toBe(state === 'ok');
    expect(new Set(findings.map(({ check }) => check))).toEqual(
      new Set([
        'settings',
        'mode',
        'proxy trust',
        'CORS',
        'metrics',
        'Node.js',
        'signing keys',
        'encryption key',
        'token size',
        'file permissions',
        'disk space',
        'database',
        'durability',
        'clock',
        'migrations',
        'Redis',
        'mail',
        'password hashing',
      ]),
    );
    const text = await gatehouse(database, ['doctor']);
    expect(text.stdout).toMatch(/^ok {4}settings: .*\n[^]*\n\n\d+ ok, \d+ to look at, 0 failed\n$/);
  });
});

onSqlite('doctor on a broken set-up', () => {
  it.each([
    ['settings', 'fail', { PORT: 'none' }],
    ['proxy trust', 'fail', { TRUST_PROXY: '0.0.0.0/1' }],
    ['CORS', 'fail', { CORS_ORIGINS: 'http://shop.example' }],
    ['metrics', 'warn', { MANAGEMENT_PORT: '9000', MANAGEMENT_HOST: '0.0.0.0' }],
    ['mode', 'warn', { HOST: '0.0.0.0' }],
    ['mail', 'fail', { SMTP_URL: 'smtp://somebody:s3cr3t@127.0.0.1:1', MAIL_FROM: 'a@example.com' }],
    ['mail', 'fail', { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'a@example.com' }],
    ['Redis', 'fail', { REDIS_URL: 'redis://127.0.0.1:1' }],
    ['database', 'fail', { DATABASE_URL: 'postgres://nobody:s3cr3t@127.0.0.1:1/x' }],
    ['encryption key', 'warn', { ENCRYPTION_PREVIOUS_KEYS: 'k7Jp2xQv9LmZ4tRw8sYb1nCe6gHd3fUa' }],
    ['key strength', 'warn', { JWT_SECRET: 'abcdefghabcdefghhgfedcbahgfedcbaA' }],
  ])('finds %s: %s', async (check, expected, env: Record<string, string>) => {
    const { code, state, findings } = await diagnosis(env);
    expect(state(check)).toBe(expected);
    if (expected === 'fail') expect(code).toBe(1);
    expect(JSON.stringify(findings)).not.toMatch(/s3cr3t|k7Jp2xQv|abcdefgh/);
  });

  it('a token stays under 1 KB with the longest names there can be', async () => {
    const names = { JWT_ISSUER: 'i'.repeat(64), JWT_AUDIENCE: 'a'.repeat(64) };
    const { findings } = await diagnosis(names);
    const { found = '', state } = findings.find(({ check }) => check === 'token size') ?? {};
    expect(state).toBe('ok');
    expect(parseInt(found, 10)).toBeGreaterThan(800);
    expect(parseInt(found, 10)).toBeLessThan(1_024);
  });

  it('finds files that others can read', async () => {
    const file = join(database.dataDir, 'jwt-secret');
    chmodSync(file, 0o644);
    const { code, findings } = await diagnosis();
    chmodSync(file, 0o600);
    expect(code).toBe(1);
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'file permissions', state: 'fail', found: `others can read ${file}` }),
    );
  });

  it('finds a file of keys that cannot be read', async () => {
    const file = join(database.dataDir, 'signing-keys.json');
    writeFileSync(file, '{"keys":[', { mode: 0o600 });
    const { code, state } = await diagnosis();
    writeFileSync(
      file,
      JSON.stringify({
        keys: [
          {
            algorithm: 'HS256',
            material: 'k7Jp2xQv9LmZ4tRw8sYb1nCe6gHd3fUa',
            signs_from: '2020-01-01T00:00:00Z',
          },
        ],
      }),
    );
    const old = await diagnosis();
    expect([code, state('signing keys'), old.state('signing keys')]).toEqual([1, 'fail', 'warn']);
  });
});

onPostgres('doctor on a PostgreSQL that forgets', () => {
  it.each([
    ['durability', 'synchronous_commit = off'],
    ['database', 'default_transaction_read_only = on'],
  ])('finds %s: %s', async (check, setting) => {
    const client = new pg.Client({ connectionString: database.databaseUrl });
    await client.connect();
    const name = client.escapeIdentifier(client.database ?? '');
    await client.query(`ALTER DATABASE ${name} SET ${setting}`);
    const { code, state } = await diagnosis();
    await client.query('SET default_transaction_read_only = off');
    await client.query(`ALTER DATABASE ${name} RESET ALL`);
    await client.end();
    expect([code, state(check)]).toEqual([1, 'fail']);
  });
});

onSqlite('doctor before the first start', () => {
  it('makes nothing', async () => {
    const empty = await createDatabase();
    const { code, stdout } = await gatehouse(empty, ['doctor']);
    expect(code).toBe(0);
    expect(stdout).toContain('no database at');
    await empty.drop();
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrations } from '../../src/platform/database/migrations/migrations.js';
import { startApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { login } from '../support/http.js';
import { startProcess, type ServerProcess } from '../support/process.js';
import { rounds } from '../support/scope.js';
import { claimsOf, guarded, refreshed } from '../support/tokens.js';

const STARTS = rounds(6, 20);

describe(`${STARTS} processes start at once on one empty database and one empty data directory`, () => {
  let database: TestDatabase;
  let servers: ServerProcess[] = [];

  beforeAll(async () => {
    database = await createDatabase();
    const env = { JWT_SECRET: undefined, ENCRYPTION_KEY: undefined, BOOTSTRAP_ADMIN_PASSWORD: undefined };
    servers = await Promise.all(Array.from({ length: STARTS }, () => startProcess(database, env)));
  }, STARTS * 20_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.end()));
    await database.drop();
  });

  it('makes one administrator, whose password is shown once and works on each', async () => {
    const shown = servers.flatMap((server) => [...server.output().matchAll(/Password +(\S+)/g)]);
    expect(shown).toHaveLength(1);
    for (const { url } of servers) await login(url, 'admin@example.com', shown[0]?.[1] ?? '');
  });

  it('makes one set of secrets: a token of one opens and refreshes at each', async () => {
    const password = servers.map((server) => /Password +(\S+)/.exec(server.output())?.[1]).find(Boolean);
    for (const { url: issuer } of servers) {
      let token = await login(issuer, 'admin@example.com', password ?? '');
      for (const { url } of servers) {
        expect(await guarded(url, token)).toBe(200);
        token = await refreshed(url, token);
      }
      expect(claimsOf(token)['role']).toBe('admin');
    }
    const secrets = readdirSync(database.dataDir).filter((name) => !name.startsWith('gatehouse.sqlite'));
    // Nothing half done stays behind either.
    expect(secrets.sort()).toEqual(['encryption-key', 'jwt-secret']);
    for (const name of secrets) expect(readFileSync(join(database.dataDir, name), 'utf8')).toHaveLength(64);
  });

  it('runs each migration once, and leaves the schema that the entities describe', async () => {
    const t = await startApp({ database });
    try {
      const ran = await t.dataSource.query<{ name: string }[]>('SELECT name FROM migrations');
      expect(ran.map(({ name }) => name)).toEqual(migrations.map(({ name }) => name));
      const { upQueries } = await t.dataSource.driver.createSchemaBuilder().log();
      expect(upQueries.map(({ query }) => query)).toEqual([]);
    } finally {
      await t.close();
    }
  });
});

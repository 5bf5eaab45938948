import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** A database of a test's own: SQLite in a temporary folder, or a new database of the server at TEST_DATABASE_URL. */
export interface TestDatabase {
  kind: 'sqlite' | 'postgres';
  dataDir: string;
  databaseUrl: string | undefined;
  drop(): Promise<void>;
}

async function administer(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: process.env['TEST_DATABASE_URL'] });
  await client.connect();
  try {
    for (const sql of statements) await client.query(sql);
  } finally {
    await client.end();
  }
}

/** `isDurable`: as an operator would make it. No other outlives its server, and waiting for the disk is most of what some tests do. */
export async function createDatabase({ isDurable = false } = {}): Promise<TestDatabase> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  const removeDataDir = () => rmSync(dataDir, { recursive: true, force: true });
  const server = process.env['TEST_DATABASE_URL'];
  if (!server) {
    const drop = () => {
      removeDataDir();
      return Promise.resolve();
    };
    return { kind: 'sqlite', dataDir, databaseUrl: undefined, drop };
  }
  const name = `gatehouse_test_${randomBytes(6).toString('hex')}`;
  const commits = isDurable ? 'on' : 'off';
  await administer(`CREATE DATABASE ${name}`, `ALTER DATABASE ${name} SET synchronous_commit = ${commits}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    kind: 'postgres',
    dataDir,
    databaseUrl: url.href,
    drop: async () => {
      removeDataDir();
      await administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

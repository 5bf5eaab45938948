import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { createDataSource, dataSourceOptions } from '../../src/platform/database/data-source.js';
import { PASSWORD } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post, send } from '../support/http.js';
import { startMailServer, tokenIn, type MailServer } from '../support/mail.js';
import { startProcess, type ServerProcess } from '../support/process.js';

const ADMINISTRATOR = 'admin@example.com';
const NEW_PASSWORD = 'c4n4ry Passw0rd €';

/** Whoever reads logs or the database, its files and old pages among them, learns no token that was mailed to somebody. */
describe('after every mail was asked for, sent, refused and used, at LOG_LEVEL trace', () => {
  let database: TestDatabase;
  let mailServer: MailServer;
  let server: ServerProcess;
  let dataSource: DataSource;
  let logs = '';
  let tables = '';
  let files = '';
  const tokens: string[] = [];

  beforeAll(async () => {
    database = await createDatabase();
    mailServer = await startMailServer();
    server = await startProcess(database, { ...mailServer.env, REGISTRATION: 'open', LOG_LEVEL: 'trace' });
    dataSource = createDataSource(dataSourceOptions({ ...database }));
    await dataSource.initialize();
    await useEverything();
    await dumpEverything();
  }, 60_000);
  afterAll(async () => {
    await dataSource.destroy();
    await mailServer.stop();
    await database.drop();
  });

  const ask = (route: string, body: object) => post(`${server.url}/v1/${route}`, body);
  async function mailed(address: string, count = 1): Promise<string> {
    const withTokens = () => mailServer.to(address).filter(({ text }) => text?.includes('"token"'));
    for (let i = 0; i < 500 && withTokens().length < count; i += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const token = tokenIn(withTokens()[count - 1]);
    tokens.push(token);
    return token;
  }

  async function useEverything(): Promise<void> {
    await ask('register', { email: 'new@example.com', password: NEW_PASSWORD });
    const registration = await mailed('new@example.com');
    expect((await ask('reset-password', { token: registration, password: NEW_PASSWORD })).status).toBe(400);
    // Our side fails with a token in its hands.
    await dataSource.query('ALTER TABLE users RENAME TO users_elsewhere');
    expect((await ask('verify-email', { token: registration })).status).toBe(500);
    await dataSource.query('ALTER TABLE users_elsewhere RENAME TO users');
    expect((await ask('verify-email', { token: registration })).status).toBe(204);
    expect((await ask('verify-email', { token: registration })).status).toBe(400);
    await ask('forgot-password', { email: ADMINISTRATOR });
    await mailed(ADMINISTRATOR);
    await ask('forgot-password', { email: ADMINISTRATOR });
    const reset = await mailed(ADMINISTRATOR, 2);
    expect((await post(`${server.url}/v1/reset-password`, `{"token":"${reset}",`)).status).toBe(400);
    expect((await send(`${server.url}/v1/reset-password?token=${reset}`)).status).toBe(405);
    const token = await login(server.url, ADMINISTRATOR, PASSWORD);
    const headers = { 'content-type': 'application/json', ...bearer(token) };
    const body = JSON.stringify({ password: PASSWORD, email: 'next@example.com' });
    await send(`${server.url}/v1/email`, { method: 'PUT', headers, body });
    await mailed('next@example.com');
    // Left unsent, for the tables to be looked at.
    mailServer.refusal = { code: 451, at: 'RCPT' };
    await ask('register', { email: 'unsent@example.com', password: NEW_PASSWORD });
    for (let i = 0; i < 200 && !server.output().includes('to be tried again'); i += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
  }

  async function dumpEverything(): Promise<void> {
    const named =
      database.kind === 'postgres'
        ? "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        : "SELECT name FROM sqlite_master WHERE type = 'table'";
    const list: { name: string }[] = await dataSource.query(named);
    for (const { name } of list)
      tables += `${name} ${JSON.stringify(await dataSource.query(`SELECT * FROM "${name}"`))}\n`;
    await server.end();
    logs = server.output();
    for (const name of readdirSync(database.dataDir).filter((each) => each.includes('sqlite')))
      files += readFileSync(join(database.dataDir, name), 'latin1');
  }

  it('there is something to look through', () => {
    expect(new Set(tokens).size).toBe(4);
    expect(logs).toContain('"reason":"unknown_token"');
    expect(logs).toContain('to be tried again');
    expect(tables).toMatch(/one_time_tokens \[\{/);
    expect(tables).toContain('"state":"waiting"');
    expect(tables).toContain('"state":"done"');
  });

  it('no token is anywhere, in whatever form', () => {
    for (const token of tokens) {
      const hex = Buffer.from(token, 'base64url').toString('hex');
      for (const form of [token, hex, Buffer.from(token).toString('base64url'), encodeURIComponent(token)]) {
        expect(logs).not.toContain(form);
        expect(tables).not.toContain(form);
        expect(files).not.toContain(form);
      }
    }
  });

  it('no password, and no address in the log or the outbox', () => {
    for (const where of [logs, tables, files]) {
      expect(where).not.toContain(NEW_PASSWORD);
      expect(where).not.toContain(Buffer.from(NEW_PASSWORD).toString('latin1'));
    }
    for (const address of ['new@example.com', 'next@example.com', 'unsent@example.com']) {
      expect(logs).not.toContain(address);
      expect(/^outbox .*$/m.exec(tables)?.[0]).not.toContain(address);
    }
  });
});

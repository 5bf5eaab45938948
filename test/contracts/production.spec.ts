import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { migrations } from '../../src/platform/database/migrations/migrations.js';
import { gatehouse } from '../commands/gatehouse.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post, send } from '../support/http.js';
import { startProcess, TEST_ENV, type ServerProcess } from '../support/process.js';

jest.setTimeout(60_000);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PRODUCTION = {
  NODE_ENV: 'production',
  BCRYPT_COST: '10',
  JWT_SECRET: TEST_ENV.JWT_SECRET,
  ENCRYPTION_KEY: TEST_ENV.ENCRYPTION_KEY,
};

interface Lock {
  packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
}

/** What the Dockerfile makes: `npm ci --omit=dev`, without a network, and the bundle. */
function install(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-production-'));
  for (const part of ['package.json', 'templates', 'dist'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  for (const [path, { dev, devOptional }] of Object.entries(packages)) {
    const from = join(ROOT, path);
    if (path === '' || dev || devOptional || !existsSync(from)) continue;
    // Packages inside a package are in the lock file, too.
    const filter = (file: string) => !file.startsWith(join(from, 'node_modules'));
    cpSync(from, join(folder, path), { recursive: true, filter });
  }
  return folder;
}

/** A first that comes within ten seconds. */
async function eventually<T>(look: () => T | undefined): Promise<T | undefined> {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = look();
    if (found !== undefined) return found;
    await sleep(100);
  }
  return undefined;
}

/** A bundle has packages in it that the tests beside this one would find in node_modules, had it left them out. */
describe('a production install', () => {
  let folder: string;
  let database: TestDatabase;
  let server: ServerProcess;
  beforeAll(async () => {
    folder = install();
    database = await createDatabase();
    // Redis' client is loaded where there is a URL; nothing listens at this one.
    server = await startProcess(database, { ...PRODUCTION, REDIS_URL: 'redis://127.0.0.1:1' }, folder);
  });
  afterAll(async () => {
    await server.end();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  const run = (args: string[], input = '') =>
    gatehouse(database, args, { input, env: PRODUCTION, installation: folder });

  it('has no package of which only the build is in need', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const installed = createRequire(join(folder, 'dist/main.js'));
    const found = Object.keys(devDependencies).filter((name) =>
      (installed.resolve.paths(name) ?? []).some((modules) => existsSync(join(modules, name))),
    );
    expect(found).toEqual([]);
  });

  it('logs in, and opens a guarded route', async () => {
    const token = await login(server.url, 'admin@example.com', TEST_ENV.BOOTSTRAP_ADMIN_PASSWORD);
    expect((await send(`${server.url}/api/films`, { headers: bearer(token) })).status).toBe(200);
  });

  it('checks what is sent, and knows the common passwords', async () => {
    expect((await post(`${server.url}/v1/login`, {})).status).toBe(400);
    const made = await run(
      ['users', 'create', '--email', 'x@example.com', '--role', 'client', '--password-stdin'],
      'password123',
    );
    expect(made.stderr).toContain('commonly used');
  });

  // An installation that was made before would run those of another name again.
  it('calls its migrations what they are called in src', () => {
    const [, ran = '[]'] = /"migrations":(\[[^\]]*\])/.exec(server.output()) ?? [];
    expect(JSON.parse(ran)).toEqual(migrations.map(({ name }) => name));
  });

  it('serves Swagger UI with all that its page asks for', async () => {
    const page = await send(`${server.url}/docs`);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const parts = [...page.text.matchAll(/(?:src|href)=["']([^"']+)["']/g)].map(([, path]) => path ?? '');
    expect(parts.length).toBeGreaterThan(5);
    const answers = await Promise.all(parts.map((path) => send(new URL(path, `${server.url}/docs`).href)));
    expect(answers.map(({ status, text }) => [status, text.length > 0])).toEqual(
      parts.map(() => [200, true]),
    );
  });

  it('writes a mail', async () => {
    await post(`${server.url}/v1/forgot-password`, { email: 'admin@example.com' });
    const outbox = join(database.dataDir, 'outbox');
    const file = await eventually(() => (existsSync(outbox) ? readdirSync(outbox) : [])[0]);
    expect(readFileSync(join(outbox, file ?? ''), 'utf8')).toContain('admin@example.com');
  });

  it('asks for Redis', async () => {
    expect(await eventually(() => /Redis is away[^}]*ECONNREFUSED/.exec(server.output()))).toBeTruthy();
  });

  it('has a command line', async () => {
    const { stdout, stderr } = await run(['users', 'list', '--json']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ users: [{ email: 'admin@example.com', role: 'admin' }] });
    const { stdout: printed } = await run(['openapi']);
    expect(JSON.parse(printed)).toHaveProperty('paths./v1/login');
    const { stdout: version } = await run(['--version']);
    expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../support/keys.js';
import { freePort } from '../support/redis.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, send } from '../support/http.js';
import { onSqlite } from '../support/scope.js';

// Whole processes, at the default cost of a hash: on a busy machine they take their time.
jest.setTimeout(60_000);

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** A server in a process of its own, started as `npm start` starts it, in a folder of its own. */
class Server {
  output = '';
  errors = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown[]>;

  constructor(folder: string, env: Record<string, string | undefined>) {
    const given = { PATH: process.env.PATH, HOME: folder, PORT: '0', ...env };
    this.child = spawn(process.execPath, [main], {
      cwd: folder,
      env: given,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.ended = once(this.child, 'close');
  }

  /** Resolves when the output has `text` so many times, or the process has ended without. */
  async said(text: string, times = 1): Promise<boolean> {
    const isSaid = () => this.output.split(text).length > times;
    while (!isSaid()) {
      const more = this.child.stdout
        ? once(this.child.stdout, 'data')
        : Promise.reject(new Error('no output'));
      if ((await Promise.race([more, this.ended.then(() => 'ended')])) === 'ended') break;
    }
    return isSaid();
  }

  async listening(): Promise<string> {
    if (!(await this.said('"listening"'))) throw new Error(`did not start: ${this.output}${this.errors}`);
    return this.logs.find(({ msg }) => msg === 'listening')?.url as string;
  }

  get logs(): Record<string, unknown>[] {
    const lines = this.output.split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** What was printed for people. */
  get notice(): string {
    return this.output.replace(/^\{.*\n/gm, '');
  }

  async exitCode(): Promise<unknown> {
    return (await this.ended)[0];
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<unknown> {
    this.child.kill(signal);
    return this.exitCode();
  }
}

let database: TestDatabase;
let folder: string;
let servers: Server[];
beforeEach(async () => {
  database = await createDatabase();
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-start-'));
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop('SIGKILL')));
  rmSync(folder, { recursive: true });
  await database.drop();
});

function start(env: Record<string, string> = {}): Server {
  const server = new Server(folder, { DATABASE_URL: database.databaseUrl, ...env });
  servers.push(server);
  return server;
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('the first start', () => {
  it('shows once how to get in, and a restart keeps everything', async () => {
    const first = start();
    const url = await first.listening();
    const [, docs] = /Swagger UI +(\S+)/.exec(first.notice) ?? [];
    const [, email = ''] = /Administrator +(\S+)/.exec(first.notice) ?? [];
    const [, password = ''] = /Password +(\S+)/.exec(first.notice) ?? [];
    const [curl = ''] = /curl .*/.exec(first.notice) ?? [];
    expect([docs, email]).toEqual([`${url}/docs`, 'admin@example.com']);
    expect((await send(`${url}/docs`)).text).toContain('swagger-ui');
    expect(password.length).toBeGreaterThanOrEqual(16);

    const pasted = await promisify(execFile)('bash', ['-c', curl]);
    expect(pasted.stdout).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[^]*\naccess_token: \S+\r\n[^]*\r\n\r\n\{"id":"[A-Z0-9]{8}","email":"admin@example.com"\}$/,
    );
    const token = /access_token: (\S+)/.exec(pasted.stdout)?.[1] ?? '';

    const data = join(folder, 'data');
    const secrets = ['encryption-key', 'jwt-secret'];
    expect(modeOf(data)).toBe(0o700);
    expect(readdirSync(data)).toEqual(expect.arrayContaining(secrets));
    for (const file of secrets) expect(modeOf(join(data, file))).toBe(0o600);
    for (const file of secrets) expect(first.output).toContain(join(data, file));
    const before = secrets.map((file) => readFileSync(join(data, file), 'utf8'));
    expect(await first.stop()).toBe(0);

    const second = start();
    const again = await second.listening();
    expect(second.notice).toBe('');
    expect(second.output).not.toContain('made a secret');
    expect(secrets.map((file) => readFileSync(join(data, file), 'utf8'))).toEqual(before);
    expect(await login(again, email, password)).not.toBe(token);
    expect((await send(`${again}/api/films`, { headers: bearer(token) })).status).toBe(200);
    expect(first.errors + second.errors).toBe('');
  });

  it('takes the administrator it is given, and does not show that password', async () => {
    const server = start({
      BOOTSTRAP_ADMIN_EMAIL: 'Root@Example.com',
      BOOTSTRAP_ADMIN_PASSWORD: 'of my own making',
    });
    const url = await server.listening();
    expect(await login(url, 'root@example.com', 'of my own making')).toBeTruthy();
    expect(server.notice).toContain('root@example.com');
    expect(server.output).not.toContain('of my own making');
  });

  it('lets nobody in before there is an administrator, whose e-mail they could register', async () => {
    const port = await freePort();
    const server = start({ PORT: String(port) });
    const url = `http://127.0.0.1:${port}/healthz`;
    const isUp = () =>
      send(url).then(
        () => true,
        () => false,
      );
    await eventually(isUp, 100);
    // With this answer, all is read that was written before the first.
    await send(url);
    expect(server.notice).toContain('Administrator');
  });

  it('may be two at once on one empty database', async () => {
    const two = [start(), start()];
    const urls = await Promise.all(two.map((server) => server.listening()));
    const notices = two.map(({ notice }) => notice).filter((notice) => notice !== '');
    expect(notices).toHaveLength(1);
    const [, password = ''] = /Password +(\S+)/.exec(notices[0] ?? '') ?? [];
    const token = await login(urls[0] ?? '', 'admin@example.com', password);
    expect((await send(`${urls[1]}/api/films`, { headers: bearer(token) })).status).toBe(200);
    expect(two.map(({ errors }) => errors)).toEqual(['', '']);
    const migrated = two.flatMap(({ logs }) => logs.filter(({ msg }) => msg === 'database migrated'));
    expect(migrated).toHaveLength(1);
  });
});

onSqlite('a start that cannot succeed', () => {
  const secret = 'kP3vR8xLq2ZtW7nB5yHc9MdF4sJg6TaE';
  it.each([
    [
      'production without secrets',
      { NODE_ENV: 'production' },
      /^JWT_SECRET: must be set .*node -e ".*openssl rand/,
    ],
    [
      'a short secret',
      { JWT_SECRET: secret.slice(1) },
      /^JWT_SECRET: must be .*at least 32 bytes.*node -e "/,
    ],
    ['a sample as secret', { JWT_SECRET: `change-me-${secret}` }, /^JWT_SECRET: must be .*no sample/],
    ['a wrong setting', { BCRYPT_COST: '05' }, /^BCRYPT_COST: must be at least 10/],
    [
      'a database that is none',
      { DATABASE_URL: 'mysql://127.0.0.1/x' },
      /^DATABASE_URL: must be a URL that starts with postgres/,
    ],
  ])('ends with code 1 and what to do: %s', async (_, env: Record<string, string>, message) => {
    const server = start(env);
    expect(await server.exitCode()).toBe(1);
    expect(server.errors).toMatch(message);
    expect(server.output).toBe('');
    const values = Object.values(env).filter((value) => value !== 'production');
    for (const value of values) expect(server.errors).not.toContain(value);
  });
});

onSqlite('a start without its database', () => {
  it('waits for a database that does not answer yet, and says so', async () => {
    // Port 1 is reserved, and nothing listens there.
    const server = start({ DATABASE_URL: 'postgres://gatehouse:hidden-word@127.0.0.1:1/gatehouse' });
    expect(await server.said('not reachable yet', 2)).toBe(true);
    expect(server.output + server.errors).not.toContain('hidden-word');
    await server.stop();
    expect(server.notice).toBe('');
  });
});

onSqlite('a start at a port that is taken', () => {
  it.each(['PORT', 'MANAGEMENT_PORT'])('says so, and that %s chooses another', async (name) => {
    const url = await start().listening();
    const second = start({ [name]: new URL(url).port });
    expect(await second.exitCode()).toBe(1);
    expect(second.errors).toMatch(
      /^Gatehouse cannot start: listen EADDRINUSE.*; set PORT, HOST or MANAGEMENT_PORT/,
    );
    expect(second.errors).toContain(name);
  });
});

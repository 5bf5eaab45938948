import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpException, Module, Param, UseGuards, type CanActivate } from '@nestjs/common';
import { URI, type TOTP } from 'otpauth';
import pg from 'pg';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { ThrottlesService } from '../../src/attempts/throttles.service.js';
import { Public } from '../../src/auth/guards/public.decorator.js';
import { HashingQueue } from '../../src/passwords/hashing.queue.js';
import { AppError, type ErrorDefinition } from '../../src/platform/errors/app.errors.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import { answers, exchange, open } from '../support/socket.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}/docs/errors.md`, 'utf8');

/** Every entry that a `*.errors.ts` declares, wherever it lies. */
const catalogue: ErrorDefinition[] = [];
for (const file of readdirSync(`${root}/src`, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.errors.ts')) continue;
  const declared = Object.values((await import(`${root}/src/${file}`)) as Record<string, unknown>);
  const isEntry = (value: unknown): value is ErrorDefinition =>
    typeof (value as ErrorDefinition).code === 'string';
  for (const entries of declared) catalogue.push(...Object.values(entries as object).filter(isEntry));
}

/** The lines of the page's table: code, status, sentence, when, what to do. */
const documented = page.split('\n').flatMap((line) => {
  const [code, ...cells] = line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
  return code?.startsWith('`') ? [{ code: code.replaceAll('`', ''), cells }] : [];
});

class Nobody implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}
/** A module of one's own: it refuses in Nest's words. */
@Public()
@Controller('own')
class OwnController {
  @UseGuards(Nobody)
  @Get('guarded')
  guarded(): string {
    return 'never';
  }
  @Get('refused/:status')
  refused(@Param('status') status: string): string {
    throw new HttpException('', Number(status));
  }
}
@Module({ controllers: [OwnController] })
class OwnModule {}

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ imports: [OwnModule], env: { LOGIN_FAILURES_PER_DAY_PER_ACCOUNT: '100' } });
  await app.createUser('user@example.com');
});
afterAll(() => app.close());

/** The code in the log line of the request that was answered so; of what was no request, by status and sentence. */
async function codeOf(answer: Answer | undefined): Promise<unknown> {
  const id = answer?.headers.get('x-request-id');
  // The line follows the answer.
  for (let i = 0; i < 100; i += 1) {
    const line = app.logs.find(({ msg, request_id }) => msg === 'request' && request_id === id);
    if (line) return line.code;
    await setImmediate();
  }
  const { message } = answer?.body as { message: string };
  return catalogue.find(({ status, sentence }) => status === answer?.status && sentence === message)?.code;
}
const get = async (path: string, headers = {}) => codeOf(await send(app.url + path, { headers }));
const logIn = async (body: unknown, headers = {}) => codeOf(await post(`${app.url}/v1/login`, body, headers));
const postTo = async (path: string, body: unknown) => codeOf(await post(app.url + path, body));
const raw = async (bytes: string) => codeOf((await exchange(app.url, bytes))[0]);

const thrown = (promise: Promise<unknown>) =>
  promise.catch((error: unknown) => (error as AppError).definition.code);
const accounts = () => app.app.get(AccountsService);

/** How to meet each of them. Those that break the application come last. */
const reach: Record<string, () => Promise<unknown>> = {
  validation_failed: () => logIn({}),
  invalid_json: () => logIn('{'),
  bad_request: () => get('/%'),
  credentials_rejected: () => logIn({ email: 'nobody@example.com', password: PASSWORD }),
  token_rejected: () => get('/api/films'),
  registration_closed: () => postTo('/v1/register', { email: 'new@example.com', password: PASSWORD }),
  one_time_token_rejected: () => postTo('/v1/confirm-email', { token: 'x' }),
  code_required: async () => {
    await turnOnTwoFactor();
    return logIn({ email: 'second@example.com', password: PASSWORD });
  },
  two_factor_enabled: () => asSecond('', { password: PASSWORD }),
  two_factor_not_enabled: () => asUser('/disable', { password: PASSWORD, code: '123456' }),
  two_factor_not_started: () => asUser('/confirm', { code: '123456' }),
  too_many_attempts: async () => {
    const throttles = app.app.get(ThrottlesService);
    const attempt = { email: 'slow@example.com', address: '192.0.2.1', isKnownAddress: false };
    for (let i = 0; i < 5; i += 1) await throttles.recordFailure(attempt);
    return thrown(throttles.whileAdmitted(attempt, () => Promise.resolve()));
  },
  client_closed_request: () => {
    const queue = new HashingQueue(1, 1_000_000);
    void queue.run({ key: 'y' }, () => new Promise(() => undefined));
    const hangUp = new AbortController();
    const outcome = thrown(queue.run({ key: 'x', signal: hangUp.signal }, () => Promise.resolve()));
    hangUp.abort();
    return outcome;
  },
  unauthorized: () => get('/own/refused/401'),
  forbidden: () => get('/own/guarded'),
  not_found: () => get('/nothing'),
  user_not_found: () => thrown(accounts().disable('nobody@example.com')),
  method_not_allowed: () => get('/v1/login'),
  email_taken: () => thrown(accounts().create({ email: 'User@Example.com', role: 'client', password: null })),
  last_administrator: async () => {
    const { publicId } = await app.createUser('admin@example.com', 'admin');
    return thrown(accounts().delete(publicId));
  },
  payload_too_large: () => logIn(' '.repeat(16_385)),
  uri_too_long: () => get('/own/refused/414'),
  unsupported_media_type: () => logIn('x', { 'content-type': 'text/plain' }),
  too_many_requests: () => get('/own/refused/429'),
  header_fields_too_large: () => raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
  request_timeout: () => {
    Object.assign(app.app.getHttpServer(), { headersTimeout: 100, requestTimeout: 100 });
    return raw('GET / HTTP/1.1\r\n');
  },
  internal: async () => {
    const token = await login(app.url, 'user@example.com', PASSWORD);
    await app.dataSource.query('DROP TABLE films');
    return get('/api/films', bearer(token));
  },
  database_unavailable: async () => {
    await forbidWrites();
    return logIn({ email: 'user@example.com', password: PASSWORD });
  },
  service_unavailable: async () => {
    const socket = await open(app.url);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    await send(app.url);
    const closed = app.app.close();
    while (await fetch(app.url).catch(() => false));
    socket.write('\r\n');
    const [answer] = await answers(socket);
    await closed;
    return codeOf(answer);
  },
};

/** The token of the account that has two-factor on. */
let second: string;
async function turnOnTwoFactor(): Promise<void> {
  await app.createUser('second@example.com');
  second = await login(app.url, 'second@example.com', PASSWORD);
  const { body } = await post(`${app.url}/v1/two-factor`, { password: PASSWORD }, bearer(second));
  const { otpauth_url } = body as { otpauth_url: string };
  const code = (URI.parse(otpauth_url) as TOTP).generate({ timestamp: app.clock.now() });
  await post(`${app.url}/v1/two-factor/confirm`, { code }, bearer(second));
}
const asSecond = async (path: string, body: object) =>
  codeOf(await post(`${app.url}/v1/two-factor${path}`, body, bearer(second)));
const asUser = async (path: string, body: object) => {
  const token = await login(app.url, 'user@example.com', PASSWORD);
  return codeOf(await post(`${app.url}/v1/two-factor${path}`, body, bearer(token)));
};

async function forbidWrites(): Promise<void> {
  const { databaseUrl } = app.database;
  if (databaseUrl === undefined) {
    await app.dataSource.query('PRAGMA query_only = ON');
    return;
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const name = client.escapeIdentifier(client.database ?? '');
  await client.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  const others = 'datname = current_database() AND pid <> pg_backend_pid()';
  await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`);
  await client.end();
}

describe('the catalogue of errors', () => {
  it('has no code twice', () => {
    const codes = catalogue.map(({ code }) => code);
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
  });

  it('is documented, line by line, and nothing else is', () => {
    const entries = catalogue.map(({ code, status, sentence }) => ({
      code,
      cells: [String(status), sentence],
    }));
    const byCode = (a: { code: string }, b: { code: string }) => a.code.localeCompare(b.code);
    expect(documented.map(({ code, cells }) => ({ code, cells: cells.slice(0, 2) })).sort(byCode)).toEqual(
      entries.sort(byCode),
    );
    for (const { cells } of documented)
      expect(cells.map((cell) => cell.length > 0)).toEqual([true, true, true, true]);
  });

  it('is reached, code by code', () => {
    expect(Object.keys(reach).sort()).toEqual(catalogue.map(({ code }) => code).sort());
  });

  it.each(Object.keys(reach))('reaches %s', async (code) => {
    expect(await reach[code]?.()).toBe(code);
  });
});

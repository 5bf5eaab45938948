import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { User } from '../../src/users/user.entity.js';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { exchange, open } from '../support/socket.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import { createProtectedAccount, tryLogin } from '../support/second-factor.js';
import { refresh, refreshed } from '../support/tokens.js';

/** Found nowhere else: a line that holds one of them has leaked it. */
const email = 'c4n4ry-mail@example.com';
const password = 'c4n4ry Passw0rd €';
const wrong = 'c4n4ry wr0ng';
const code = '918273';
const unreadable = 'c4n4ry.t0ken.x';

let app: TestApp;
let user: User;
let token: string;
beforeAll(async () => {
  app = await startApp({ logLevel: 'trace', env: { BREACHED_PASSWORDS_URL: 'http://127.0.0.1:9' } });
  user = await app.app.get(AccountsService).create({ email, role: 'client', password });
  token = await login(app.url, email, password, code);
});
afterAll(() => app.close());

const logIn = (path: string, body: unknown, headers = {}) => post(app.url + path, body, headers);
const credentials = { email, password, code };

/** The log lines of an answered request, once they are written. */
async function linesOf(answer: Answer): Promise<Record<string, unknown>[]> {
  const id = answer.headers.get('x-request-id');
  const lines = () => app.logs.filter(({ request_id }) => request_id === id);
  const isWritten = () => lines().some(({ msg }) => msg === 'request');
  for (let i = 0; i < 100 && !isWritten(); i += 1) await setImmediate();
  return lines();
}

/** A request of every kind, and what its line says: method, route, status, whether it names the user, code. */
const requests: [string, () => Promise<Answer>, [string, string | null, number, boolean, string?]][] = [
  ['a login', () => logIn('/v1/login', credentials), ['POST', '/v1/login', 200, true]],
  [
    'a login, other contract',
    () => logIn('/api/users/auth', credentials),
    ['POST', '/api/users/auth', 200, true],
  ],
  [
    'a refresh',
    () => post(`${app.url}/v1/refresh-token`, undefined, bearer(token)),
    ['POST', '/v1/refresh-token', 200, true],
  ],
  [
    'a guarded request',
    () => send(`${app.url}/api/films?q=${wrong}`, { headers: bearer(token) }),
    ['GET', '/api/films', 200, true],
  ],
  [
    'a guarded request that is wrong',
    () => send(`${app.url}/api/films?limit=${wrong}`, { headers: bearer(token) }),
    ['GET', '/api/films', 400, true, 'validation_failed'],
  ],
  [
    'a token that is none',
    () => send(`${app.url}/api/films`, { headers: bearer(unreadable) }),
    ['GET', '/api/films', 401, false, 'token_rejected'],
  ],
  [
    'a refresh that is refused',
    () => post(`${app.url}/v1/refresh-token`, credentials, bearer(`${token}x`)),
    ['POST', '/v1/refresh-token', 401, false, 'token_rejected'],
  ],
  [
    'an unknown path',
    () => logIn(`/v1/c4n4ry?password=${wrong}`, credentials),
    ['POST', null, 404, false, 'not_found'],
  ],
  [
    'a wrong method',
    () => send(`${app.url}/v1/login?password=${wrong}`),
    ['GET', null, 405, false, 'method_not_allowed'],
  ],
  ['a path that is none', () => send(`${app.url}/%c4n4ry`), ['GET', null, 400, false, 'bad_request']],
  ...['/v1/login', '/api/users/auth'].flatMap((path): typeof requests => [
    [
      `${path}, wrong password`,
      () => logIn(path, { ...credentials, password: wrong }),
      ['POST', path, 401, false, 'credentials_rejected'],
    ],
    [
      `${path}, unknown e-mail`,
      () => logIn(path, { ...credentials, email: `x${email}` }),
      ['POST', path, 401, false, 'credentials_rejected'],
    ],
    [
      `${path}, values that are wrong`,
      () => logIn(path, { email: wrong, password: `${password}\0`, code: wrong }),
      ['POST', path, 400, false, 'validation_failed'],
    ],
    [
      `${path}, types that are wrong`,
      () => logIn(path, { email: [email], password: { password }, code: [code] }),
      ['POST', path, 400, false, 'validation_failed'],
    ],
    [
      `${path}, broken JSON`,
      () => logIn(path, JSON.stringify(credentials).slice(0, -1)),
      ['POST', path, 400, false, 'invalid_json'],
    ],
    [
      `${path}, prototype keys`,
      () => logIn(path, `{"__proto__":${JSON.stringify(credentials)}}`),
      ['POST', path, 400, false, 'invalid_json'],
    ],
    [
      `${path}, a form`,
      () =>
        logIn(path, new URLSearchParams(credentials).toString(), {
          'content-type': 'application/x-www-form-urlencoded',
        }),
      ['POST', path, 415, false, 'unsupported_media_type'],
    ],
    [
      `${path}, too much`,
      () => logIn(path, password.repeat(2000)),
      ['POST', path, 413, false, 'payload_too_large'],
    ],
  ]),
];

/** What else the log says while a request is answered, and how to come to that. */
const remarks: [string, RegExp, () => Promise<() => Promise<Answer>>][] = [
  [
    'a used token',
    /^a used token/,
    async () => {
      const { email } = await app.createUser();
      const first = await login(app.url, email, PASSWORD);
      await refreshed(app.url, await refreshed(app.url, first));
      return () => refresh(app.url, first);
    },
  ],
  [
    'a secret that cannot be read',
    /^ALARM/,
    async () => {
      const account = await createProtectedAccount(app);
      await app.dataSource.query('UPDATE two_factor SET secret = $1 WHERE user_id = $2', ['', account.id]);
      return () => tryLogin(app, account, { code });
    },
  ],
  [
    'breached passwords that cannot be asked for',
    /^breached passwords/,
    async () => {
      const { email } = await app.createUser();
      const headers = {
        ...bearer(await login(app.url, email, PASSWORD)),
        'content-type': 'application/json',
      };
      const body = JSON.stringify({ current_password: PASSWORD, password: `another ${PASSWORD}` });
      return () => send(`${app.url}/v1/password`, { method: 'PUT', headers, body });
    },
  ],
  [
    'a listener that fails',
    /^a listener failed/,
    async () => {
      const { email } = await app.createUser();
      app.app.get(EventEmitter2).once('login.succeeded', () => {
        throw new Error('a listener of one’s own');
      });
      return () => tryLogin(app, { email });
    },
  ],
  [
    'a proxy that is not trusted',
    /^X-Forwarded-For/,
    () => Promise.resolve(() => send(app.url, { headers: { 'x-forwarded-for': '192.0.2.1' } })),
  ],
];

describe('the log', () => {
  it.each(requests)('has one line for %s', async (_, request, [method, route, status, isNamed, failure]) => {
    const answer = await request();
    expect(answer.status).toBe(status);
    const lines = await linesOf(answer);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      msg: 'request',
      method,
      route,
      status,
      duration_ms: expect.any(Number),
    });
    expect([lines[0]?.user, lines[0]?.code]).toEqual([isNamed ? user.publicId : undefined, failure]);
  });

  it('has one line for what the parser could not read, and nothing of what it was', async () => {
    const [answer] = await exchange(
      app.url,
      `POST /v1/login?${wrong} HTTP/1.1\r\nHost: x\r\n${password}\r\n\r\n`,
    );
    expect(answer?.status).toBe(400);
    const id = /x-request-id: (\S+)/i.exec(answer?.head ?? '')?.[1];
    const lines = app.logs.filter(({ request_id }) => request_id === id);
    expect(lines).toMatchObject([
      { msg: 'request', method: null, route: null, status: 400, code: 'bad_request' },
    ]);
  });

  it('has one line for what a client did not wait for, and not another when it would have been answered', async () => {
    const socket = await open(app.url);
    const body = JSON.stringify({ ...credentials, password: wrong });
    const head = `POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
    const before = app.logs.length;
    await new Promise((resolve) => socket.write(`${head}\r\n\r\n${body}`, resolve));
    const lines = () => app.logs.slice(before).filter(({ msg }) => msg === 'request');
    socket.destroy();
    for (let i = 0; i < 100 && lines().length === 0; i += 1) await sleep(10);
    // Whoever comes next waits behind it.
    await login(app.url, email, password, code);
    expect(lines()).toMatchObject([
      { method: 'POST', route: '/v1/login', status: 499, code: 'client_closed_request' },
      { route: '/v1/login', status: 200 },
    ]);
  });

  it('tells in the line why a login was refused', async () => {
    const refused = await logIn('/v1/login', { ...credentials, password: wrong });
    expect(await linesOf(refused)).toMatchObject([{ reason: 'wrong_password' }]);
  });

  it.each(remarks)('names the request in what it says of %s', async (_, said, prepare) => {
    const request = await prepare();
    const before = app.logs.length;
    const answer = await request();
    const lines = app.logs.slice(before).filter(({ msg }) => said.test(String(msg)));
    expect(lines).toMatchObject([{ request_id: answer.headers.get('x-request-id') }]);
  });

  it('has the cause of a failure on our side, and still nothing secret', async () => {
    await app.dataSource.query('ALTER TABLE sessions RENAME TO gone');
    const answers = [
      await logIn('/v1/login', credentials),
      await logIn('/api/users/auth', credentials),
      await post(`${app.url}/v1/refresh-token`, undefined, bearer(token)),
    ];
    await app.dataSource.query('ALTER TABLE gone RENAME TO sessions');
    expect(answers.map(({ status }) => status)).toEqual([500, 500, 500]);
    for (const answer of answers) {
      const lines = await linesOf(answer);
      expect(lines).toMatchObject([
        { level: 50, code: 'internal', error: 'QueryFailedError' },
        { msg: 'request' },
      ]);
    }
  });
});

describe('what is secret', () => {
  // bcrypt's and Argon2's hashes, and tokens of ours.
  const hashes = /\$2[aby]\$\d\d\$|\$argon2/;
  const tokens = /eyJ[\w-]+\.eyJ/;

  it('stands in no log line, of any level', async () => {
    for (const [, request] of requests) await request();
    await app.dataSource.query('SELECT 1');
    const log = JSON.stringify(app.logs);
    expect(app.logs.length).toBeGreaterThan(requests.length);
    for (const canary of ['c4n4ry', code, token, password, wrong]) expect(log).not.toContain(canary);
    expect(log).not.toMatch(hashes);
    expect(log).not.toMatch(tokens);
  });

  it.each(requests.filter(([, , [, , status]]) => status >= 400))(
    'stands not in the answer to %s',
    async (_, request) => {
      const { text, headers } = await request();
      // The path is the client's own, and documented to be told.
      const told = (text + JSON.stringify([...headers])).replace(/"path":"[^"]*"/, '');
      for (const canary of ['c4n4ry', code, token]) expect(told).not.toContain(canary);
    },
  );

  it('stands in no table in the clear, but for the e-mail in the one column that is it', async () => {
    const names = [...app.dataSource.entityMetadatas.map(({ tableName }) => tableName), 'migrations'];
    for (const name of names) {
      const rows = await app.dataSource.query<Record<string, unknown>[]>(`SELECT * FROM ${name}`);
      const stored = JSON.stringify(
        name === 'users' ? rows.map((row) => ({ ...row, email: undefined })) : rows,
      );
      for (const canary of ['c4n4ry', code, token, token.split('.')[2] ?? ''])
        expect([name, stored.includes(canary)]).toEqual([name, false]);
    }
    const [row] = await app.dataSource.query<{ password_hash: string }[]>('SELECT password_hash FROM users');
    expect(row?.password_hash).toMatch(hashes);
  });
});

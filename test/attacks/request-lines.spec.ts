import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, send } from '../support/http.js';
import { expectNoServerErrors, expectRefusal, TOKEN_REFUSED } from '../support/refusal.js';
import { exchange, requestBytes } from '../support/socket.js';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await startApp();
  const { email } = await app.createUser();
  token = await login(app.url, email, PASSWORD);
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

const json = 'Content-Type: application/json';
const ask = async (line: string, headers: string[] = [], body = '') =>
  (await exchange(app.url, requestBytes(line, headers, body)))[0];

describe('methods', () => {
  const routes = [
    ['/v1/login', 'POST'],
    ['/v1/refresh-token', 'POST'],
    ['/api/users/auth', 'POST'],
    ['/api/films', 'GET, HEAD'],
  ];
  const methods = [
    'TRACE',
    'OPTIONS',
    'PUT',
    'DELETE',
    'PATCH',
    'PROPFIND',
    'SEARCH',
    'MKCOL',
    'LOCK',
    'M-SEARCH',
    'QUERY',
  ];

  it.each(routes.flatMap((route) => methods.map((method) => [method, ...route])))(
    '%s %s is answered 405, with a token and without',
    async (method, path = '', allow = '') => {
      for (const headers of [[], [`Authorization: Bearer ${token}`]]) {
        const answer = await ask(`${method} ${path}`, ['X-Secret: echo', ...headers]);
        expectRefusal(answer, path, 405, 'Method Not Allowed.');
        expect(answer?.headers.get('allow')).toBe(allow);
        expect(answer?.text).not.toContain('echo');
      }
    },
  );

  it('of a path that begins with no slash there are none', async () => {
    for (const path of ['*v1/login', '*api/users/auth']) {
      for (const method of ['GET', 'POST']) {
        const answer = await ask(`${method} ${path}`);
        expectRefusal(answer, path, 404, 'Not Found.');
        expect(answer?.headers.get('x-content-type-options')).toBe('nosniff');
      }
    }
  });

  it.each([
    ['DELETE', '/v1/sessions/', 401, TOKEN_REFUSED],
    ['GET', '/v1/admin/users/', 401, TOKEN_REFUSED],
    ['GET', '/v1/sessions/', 405, 'Method Not Allowed.'],
  ])(
    '%s %s… is refused by its guard, however long an id it names',
    async (method, path, status, sentence) => {
      for (const length of [100, 101, 8_000]) {
        const target = path + 'x'.repeat(length);
        expectRefusal(await ask(`${method} ${target}`), target, status, sentence);
      }
    },
  );

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])(
    '%s changes no method',
    async (name) => {
      expectRefusal(
        await ask('GET /v1/login', [`${name}: POST`, json]),
        '/v1/login',
        405,
        'Method Not Allowed.',
      );
    },
  );

  it.each(['FOO', 'get', 'GET\t', 'POST/', ''])('%j is none: 400', async (method) => {
    const [answer] = await exchange(app.url, requestBytes(`${method} /v1/login`));
    expect(answer?.status).toBe(400);
    expect(answer?.body).toMatchObject({ message: 'Bad Request.' });
  });

  it('HEAD is guarded as GET is', async () => {
    const head = (headers: Record<string, string>) =>
      send(`${app.url}/api/films`, { method: 'HEAD', headers });
    expect((await head({})).status).toBe(401);
    const answer = await head(bearer(token));
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  it.each(['GET', 'HEAD'])(
    '%s with a header that is none is refused; a HEAD without a body',
    async (method) => {
      const refused = await ask(`${method} /v1/me`, ['X-A: \0']);
      expect(refused?.status).toBe(400);
      expect(Number(refused?.headers.get('content-length'))).toBeGreaterThan(0);
      // Whatever its length says, a client takes what follows the head for another answer.
      expect(refused?.text === '').toBe(method === 'HEAD');
    },
  );

  it('CONNECT opens no tunnel', async () => {
    for (const target of ['127.0.0.1:22', '/api/films', '/v1/login'])
      expect(await ask(`CONNECT ${target}`)).toBeUndefined();
    expect((await send(`${app.url}/api/films`, { headers: bearer(token) })).status).toBe(200);
  });
});

describe('a request', () => {
  it.each([
    ['a name', 'mine'],
    ['a line break', 'a\rSet-Cookie: x'],
    ['quotes', '"},{"level":60,"msg":"forged"}'],
    ['10 kB', 'x'.repeat(10_000)],
    ['what is no ASCII', '\xe9\x80\xff'],
    ['an escape of the terminal', '\x1b[2J'],
    ['markup', '<script>'],
    ['nothing', ''],
  ])('is never called by the X-Request-Id that it brings: %s', async (_, id) => {
    const before = app.logs.length;
    const answer = await ask('POST /v1/login', [`X-Request-Id: ${id}`, json], '{}');
    // A control character in a header is the parser's to refuse.
    if (answer?.body && (answer.body as { message: string }).message === 'Bad Request.') {
      expectRefusal(answer, '/v1/login', 400, 'Bad Request.');
    } else expectRefusal(answer, '/v1/login', 400, 'The email field is required.');
    expect(answer?.head.match(/^[\w-]+(?=: )/gm)).not.toContain('Set-Cookie');
    for (const line of app.logs.slice(before)) expect(line).not.toMatchObject({ request_id: id });
  });

  it.each([
    ['without a host', 'GET /api/films HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'Bad Request.'],
    ['with two hosts', 'GET /api/films HTTP/1.1\r\nHost: x\r\nhOST: y\r\n\r\n', 400, 'Bad Request.'],
    ['with one host, twice', 'GET /api/films HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n', 400, 'Bad Request.'],
    ['of HTTP/1.0, without a host', 'GET /api/films HTTP/1.0\r\n\r\n', 401, TOKEN_REFUSED],
    ['of HTTP/1.9', 'GET /api/films HTTP/1.9\r\nHost: x\r\n\r\n', 400, undefined],
    ['of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, undefined],
    ['of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, undefined],
    [
      'that wants to speak something else',
      'GET /api/films HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
      401,
      TOKEN_REFUSED,
    ],
  ])('%s is answered in words of the contract', async (_, bytes, status, sentence) => {
    const [answer] = await exchange(app.url, bytes);
    // Of what cannot be read the path is not known either.
    if (sentence) expectRefusal(answer, '/api/films', status, sentence);
    else expectRefusal(answer, '/', status, 'Bad Request.');
  });

  it('with an expectation that nobody knows is answered as without', async () => {
    expectRefusal(
      await ask('POST /v1/login', ['Expect: miracles', json], '{}'),
      '/v1/login',
      400,
      'The email field is required.',
    );
  });

  it('may ask for less than the server has, never for more', async () => {
    const page = (query: string) => send(`${app.url}/api/films${query}`, { headers: bearer(token) });
    const bad = [
      'limit=0',
      'limit=101',
      'limit=1e9',
      'limit=x',
      'limit=',
      'limit=1&limit=2',
      'limit=NaN',
      'after=-1',
      'after=1.5',
    ];
    for (const query of [
      ...bad,
      'after=9007199254740993',
      "after=1'--",
      'after[gt]=1&after[]=1&after=x',
      'limit=Infinity',
    ]) {
      expect([query, (await page(`?${query}`)).status]).toEqual([query, 400]);
    }
    for (const query of [
      '__proto__=1&constructor=2&toString=3',
      'limit[$gt]=1',
      '%ff=%zz&&&==',
      'where[id]=1',
    ]) {
      expect([query, (await page(`?${query}`)).text]).toEqual([query, (await page('')).text]);
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login } from '../support/http.js';
import { expectNoServerErrors, expectRefusal, TOKEN_REFUSED } from '../support/refusal.js';
import { exchange, requestBytes } from '../support/socket.js';

let app: TestApp;
let token: string;
let credentials: string;
beforeAll(async () => {
  app = await startApp();
  const { email } = await app.createUser();
  credentials = JSON.stringify({ email, password: PASSWORD });
  token = await login(app.url, email, PASSWORD);
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

const json = 'Content-Type: application/json';
const ask = async (line: string, headers: string[] = [], body = '') =>
  (await exchange(app.url, requestBytes(line, headers, body)))[0];

describe('other spellings of a path', () => {
  // Each is the same target by RFC 3986 §6.2.2.2 or RFC 9112 §3.2.2, or differs in what is no part of the path.
  it.each([
    ['/v1/%6cogin', '/v1/login'],
    ['/%76%31/%6C%6F%67%69%6E', '/v1/login'],
    ['/v1/login?x=/api/films', '/v1/login'],
    ['/v1/login?', '/v1/login'],
    ['/v1/login#x', '/v1/login'],
    ['http://elsewhere.example/v1/login', '/v1/login'],
    ['HTTP://elsewhere.example:80/v1/login?x', '/v1/login'],
    ['/%61pi/users/auth', '/api/users/auth'],
    ['/api/users/%61uth', '/api/users/auth'],
    ['http://v1/api/users/auth', '/api/users/auth'],
    ['/v1/refresh%2Dtoken', '/v1/refresh-token'],
    ['/v1/refresh-token?x#y', '/v1/refresh-token'],
    ['http://elsewhere.example/v1/refresh-token', '/v1/refresh-token'],
  ])('%s is %s, guard, contract, request id and all', async (target, path) => {
    const isRefresh = path === '/v1/refresh-token';
    const good = await ask(
      `POST ${target}`,
      isRefresh ? [`Authorization: Bearer ${token}`] : [json],
      isRefresh ? '' : credentials,
    );
    expect(good?.status).toBe(200);
    const bad = await ask(`POST ${target}`, [json], '{}');
    if (isRefresh) expectRefusal(bad, path, 401, TOKEN_REFUSED);
    else expectRefusal(bad, path, 400, 'The email field is required.');
  });

  it.each(['/api/%66ilms', '/%61%70%69/films', '/api/films?token=x', '/api/films#x', 'http://v1/api/films'])(
    '%s is guarded as /api/films is',
    async (target) => {
      expect((await ask(`GET ${target}`, [`Authorization: Bearer ${token}`]))?.status).toBe(200);
      expectRefusal(await ask(`GET ${target}`), '/api/films', 401, TOKEN_REFUSED);
      expect((await ask(`HEAD ${target}`))?.status).toBe(401);
    },
  );

  it.each([
    ['/V1/login', '/V1/login'],
    ['//v1/login', '//v1/login'],
    ['/v1//login', '/v1//login'],
    ['/v1/login/', '/v1/login/'],
    ['/v1/login;x=y', '/v1/login;x=y'],
    ['/v1/./login', '/v1/./login'],
    ['/v1/%2e/login', '/v1/./login'],
    ['/v1/x/../login', '/v1/x/../login'],
    ['/v1/x/%2E%2e/login', '/v1/x/../login'],
    ['/v1%2flogin', '/v1%2flogin'],
    ['/v1%5Clogin', '/v1%5Clogin'],
    ['/v1\\login', '/v1\\login'],
    ['/v1/login%00', '/v1/login%00'],
    ['/v1/login%20', '/v1/login%20'],
    ['/v1/%256cogin', '/v1/%256cogin'],
    ['/v1/login%3Fx', '/v1/login%3Fx'],
    ['/v1/login%23x', '/v1/login%23x'],
    ['/v1/refresh-token/', '/v1/refresh-token/'],
    ['/v1/refresh_token', '/v1/refresh_token'],
    ['/API/films', '/API/films'],
    ['//api/films', '//api/films'],
    ['/api/films/', '/api/films/'],
    ['/api/films/.', '/api/films/.'],
    ['/api/films;x', '/api/films;x'],
    ['/api/films.json', '/api/films.json'],
    ['/api/films%2f', '/api/films%2f'],
    ['/api/../api/films', '/api/../api/films'],
    ['/api/', '/api/'],
    ['/api/users/auth/', '/api/users/auth/'],
    ['/v1/../api/films', '/v1/../api/films'],
    ['*', '*'],
    ['http://elsewhere.example', '/'],
    ['/v1/<script>alert(1)</script>', '/v1/<script>alert(1)</script>'],
    ['/v1/%3Cscript%3E%0d%0aX:y', '/v1/%3Cscript%3E%0d%0aX:y'],
    ['/v1/"},{"role":"admin"}', '/v1/"},{"role":"admin"}'],
    ['/v1/${7*7}{{7*7}}%7B%7D', '/v1/${7*7}{{7*7}}%7B%7D'],
    ['/v1/%F0%9F%98%80', '/v1/%F0%9F%98%80'],
  ])('%s is no route of ours, and echoed as data', async (target, path) => {
    await expectNoRoute(target, path);
  });

  it.each([
    ['4,000 segments', `/v1/${'a/'.repeat(4_000)}`, `/v1/${'a/'.repeat(4_000)}`],
    ['8,000 characters', `/${'a'.repeat(8_000)}`, `/${'a'.repeat(8_000)}`],
    ['2,000 escapes', `/v1/login${'%2e'.repeat(2_000)}`, `/v1/login${'.'.repeat(2_000)}`],
  ])('a path of %s is no route of ours either', async (_, target, path) => {
    await expectNoRoute(target, path);
  });

  async function expectNoRoute(target: string, path: string): Promise<void> {
    for (const line of [`POST ${target}`, `GET ${target}`]) {
      expectRefusal(await ask(line, [`Authorization: Bearer ${token}`]), path, 404, 'Not Found.');
    }
  }

  it.each(['/v1/login%', '/v1/%zz', '/v1/%e9', '/v1/%c0%ae', '/api/%', '/api/films%ff'])(
    '%s, which says nothing in UTF-8, is answered 400',
    async (target) => {
      expectRefusal(await ask(`POST ${target}`), target, 400, 'Bad Request.');
    },
  );

  it.each([
    '/docs/../../package.json',
    '/docs/%2e%2e/%2e%2e/package.json',
    '/docs/..%2f..%2fpackage.json',
    '/docs/..\\..\\package.json',
    '/docs/....//package.json',
    '/docs//etc/passwd',
    '/docs/%00',
    '/docs/.htaccess',
    '/docs/swagger-ui.css/../../package.json',
  ])('%s brings no file that is not the documentation', async (target) => {
    const answer = await ask(`GET ${target}`);
    expect([400, 403, 404]).toContain(answer?.status);
    expect(Object.keys(answer?.body as object)).toEqual(['timestamp', 'message', 'path', 'request_id']);
  });

  it.each([
    ['Range: bytes=999999999-', 416, 'Range Not Satisfiable.'],
    ['Range: bytes=5-1', 416, 'Range Not Satisfiable.'],
    ['If-Match: "x"', 412, 'Precondition Failed.'],
    ['If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT', 412, 'Precondition Failed.'],
  ])('a file of the documentation with %s is refused as any other', async (header, status, sentence) => {
    const path = '/docs/swagger-ui.css';
    expectRefusal(await ask(`GET ${path}`, [header]), path, status, sentence);
  });
});

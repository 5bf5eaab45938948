import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiDocument } from '../support/api-document.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';

const origins = ['https://app.example.com', 'http://localhost:5173'];
const exposed = 'access_token, X-Request-Id, Retry-After';
const strangers = [
  'null',
  '*',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://app.example.com.evil.example',
  'https://evil.example/https://app.example.com',
  'https://evilapp.example.com',
  'https://sub.app.example.com',
  'https://example.com',
  'https://APP.example.com',
  'https://app.example.com, http://localhost:5173',
];

describe('with CORS_ORIGINS set', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ env: { CORS_ORIGINS: origins.join(',') } });
    await app.createUser('user@example.com');
  });
  afterAll(() => app.close());

  const preflight = (path: string, origin: string, method = 'POST') =>
    send(app.url + path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type',
      },
    });

  describe.each(origins)('a page of %s', (origin) => {
    it('reads the token of its login and every header it is promised', async () => {
      const answer = await post(
        `${app.url}/v1/login`,
        { email: 'user@example.com', password: PASSWORD },
        { origin },
      );
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
      expect(answer.headers.get('access-control-expose-headers')).toBe(exposed);
      expect(answer.headers.get('vary')).toMatch(/\borigin\b/i);
    });

    it.each([
      ['POST', '/v1/login', 400],
      ['POST', '/api/users/auth', 400],
      ['POST', '/v1/refresh-token', 401],
      ['GET', '/api/films', 401],
      ['GET', '/v1/nothing', 404],
      ['GET', '/v1/login', 405],
      ['GET', '/api/%zz', 400],
      ['DELETE', `/v1/sessions/${'x'.repeat(101)}`, 401],
    ])('reads why %s %s was refused', async (method, path, status) => {
      const answer = await send(app.url + path, { method, headers: { origin } });
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([status, origin]);
      expect(answer.headers.get('access-control-expose-headers')).toBe(exposed);
    });

    it.each([
      ['POST', '/v1/login'],
      ['POST', '/v1/refresh-token'],
      ['POST', '/api/users/auth'],
      ['GET', '/api/films'],
    ])('may ask for %s %s with a token and JSON', async (method, path) => {
      const { status, headers } = await preflight(path, origin, method);
      expect([status, headers.get('access-control-allow-origin')]).toEqual([204, origin]);
      expect(headers.get('access-control-allow-methods')?.split(/, */)).toContain(method);
      expect(headers.get('access-control-allow-headers')).toBe('authorization,content-type');
      expect(headers.get('x-request-id')).toBeTruthy();
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    });

    it('may use every method of every path', async () => {
      const { paths } = (await send(`${app.url}/docs-json`)).body as ApiDocument;
      for (const [path, item] of Object.entries(paths)) {
        for (const method of Object.keys(item).map((each) => each.toUpperCase())) {
          const { headers } = await preflight(path, origin, method);
          expect(headers.get('access-control-allow-methods')?.split(/, */)).toContain(method);
        }
      }
    });
  });

  it.each(strangers)('tells a page of %s nothing', async (origin) => {
    const token = await login(app.url, 'user@example.com', PASSWORD);
    const answers = [
      await preflight('/v1/login', origin),
      await post(`${app.url}/v1/login`, { email: 'user@example.com', password: PASSWORD }, { origin }),
      await send(`${app.url}/api/films`, { headers: { ...bearer(token), origin } }),
    ];
    for (const { headers } of answers) {
      expect(headers.has('access-control-allow-origin')).toBe(false);
      expect(headers.has('access-control-allow-credentials')).toBe(false);
    }
  });

  it('answers an OPTIONS that is no preflight', async () => {
    const answer = await send(`${app.url}/v1/login`, { method: 'OPTIONS' });
    expect([answer.status, answer.text]).toEqual([204, '']);
  });
});

it('without CORS_ORIGINS no page is told anything', async () => {
  const app = await startApp();
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' };
  const answers = [
    await send(`${app.url}/v1/login`, { method: 'OPTIONS', headers }),
    await post(`${app.url}/v1/login`, {}, { origin: 'https://app.example.com' }),
  ];
  await app.close();
  expect(answers.map(({ status }) => status)).toEqual([405, 400]);
  const names = answers.flatMap((answer) => [...answer.headers.keys()]);
  expect(names.filter((name) => name.startsWith('access-control'))).toEqual([]);
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/http.js';
import { exchange } from '../support/socket.js';

const ofApi = "default-src 'none';frame-ancestors 'none'";
const policyOf = (headers: Headers) => headers.get('content-security-policy');

describe('what tells a browser to guard its user', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it.each([
    ['GET', '/v1/me', 401],
    ['POST', '/v1/login', 400],
    ['GET', '/v1/login', 405],
    ['GET', '/nowhere', 404],
    ['GET', '/docsx', 404],
    ['GET', '/docs-json', 200],
    ['HEAD', '/healthz', 200],
  ])('is in the answer to %s %s: JSON loads nothing', async (method, path, status) => {
    const answer = await send(app.url + path, { method });
    expect(answer.status).toBe(status);
    expect(policyOf(answer.headers)).toBe(ofApi);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
    });
  });

  it('is in an answer that comes before the route is asked', async () => {
    const [answer] = await exchange(
      app.url,
      'GET /api/films HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
    );
    expect(answer?.status).toBe(400);
    expect(policyOf(answer?.headers ?? new Headers())).toBe(ofApi);
  });

  it.each(['GET', 'HEAD'])('lets Swagger UI load itself, and nothing else: %s', async (method) => {
    for (const path of ['/docs', '/docs/swagger-ui.css', '/docs/swagger-ui-init.js']) {
      const { status, headers } = await send(app.url + path, { method });
      expect(status).toBe(200);
      expect(policyOf(headers)).toContain("default-src 'none';frame-ancestors 'none';script-src 'self';");
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    }
  });
});

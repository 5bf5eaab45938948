import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, post, send } from '../support/http.js';

interface Example {
  request: { method: string; path: string; headers?: Record<string, string>; body?: object };
  response: { status: number; body: Record<string, unknown> };
}
const fixtures = readFileSync(new URL('../fixtures/users-auth.json', import.meta.url), 'utf8');
const examples = JSON.parse(fixtures) as Record<string, Example>;

const email = 'user@example.com';
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  const { id } = await app.createUser(email);
  await app.dataSource.query('UPDATE users SET id = $1 WHERE id = $2', [42, id]);
});
afterAll(() => app.close());

const authenticate = (body: unknown) => post(`${app.url}/api/users/auth`, body);
const films = (headers: Record<string, string>) => send(`${app.url}/api/films`, { headers });

/** A token that has just expired, and one that no one can read. */
async function badTokens() {
  const { token } = (await authenticate({ email, password: PASSWORD })).body as { token: string };
  app.clock.advance(app.config.accessTokenTtlSeconds);
  return { '<expired JWT>': token, '<malformed JWT>': token.replaceAll('.', '') };
}

describe('the published examples', () => {
  it.each(Object.entries(examples))('%s', async (_, { request, response }) => {
    const tokens = await badTokens();
    const authorization = Object.entries(tokens).reduce(
      (text, [name, token]) => text.replace(name, token),
      request.headers?.Authorization ?? '',
    );
    const answer = await send(app.url + request.path, {
      method: request.method,
      headers: {
        ...(request.body && { 'content-type': 'application/json' }),
        ...(authorization && { authorization }),
      },
      ...(request.body && { body: JSON.stringify(request.body) }),
    });
    expect(answer.status).toBe(response.status);
    const { token } = answer.body as { token?: string };
    if ('token' in response.body) expect(token).toMatch(jwt);
    // As text: these keys in this order and nothing else. Only the token is taken from the answer.
    expect(answer.text).toBe(JSON.stringify({ ...response.body, ...(token !== undefined && { token }) }));
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('www-authenticate')).toBe(response.status === 401 ? 'Bearer' : null);
    expect(answer.headers.get('x-request-id')).toMatch(uuid);
  });
});

describe('POST /api/users/auth', () => {
  it('gives the documented claims', async () => {
    const { body } = await authenticate({ email, password: PASSWORD });
    const [header, payload] = (body as { token: string }).token
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString());
    expect(JSON.parse(header ?? '')).toMatchObject({ alg: 'HS256', typ: 'JWT' });
    const now = Math.floor(app.clock.now() / 1000);
    expect(JSON.parse(payload ?? '')).toMatchObject({
      sub: 42,
      email,
      role: 'client',
      iat: now,
      exp: now + 3600,
    });
  });

  it('shows the role of the account', async () => {
    const { id } = await app.createUser('root@example.com', 'admin');
    const answer = await authenticate({ email: 'root@example.com', password: PASSWORD });
    expect(answer.body).toMatchObject({ user: { id, email: 'root@example.com', role: 'admin' } });
  });

  it.each([
    ['nothing', undefined, 'The email field is required.'],
    ['null and empty fields', { email: null, password: '' }, 'The email field is required.'],
    ['no e-mail', { password: PASSWORD }, 'The email field is required.'],
    ['no password', { email }, 'The password field is required.'],
    ['an e-mail that is no string', { email: 5, password: PASSWORD }, 'The email field must be a string.'],
    [
      'an e-mail that is none',
      { email: 'user', password: PASSWORD },
      'The email field must be a valid email address.',
    ],
    ['a password that is no string', { email, password: {} }, 'The password field must be a string.'],
    ['a code that is no string', { email, password: PASSWORD, code: 1 }, 'The code field must be a string.'],
    ['a code that is none', { email, password: PASSWORD, code: '1' }, 'The code field must be 6 digits.'],
    ['several faults, in another order', { code: 1, password: 1 }, 'The email field is required.'],
  ])('answers %s with the first fault alone', async (_, body, message) => {
    const answer = await authenticate(body);
    expect([answer.status, answer.text]).toEqual([400, JSON.stringify({ message })]);
  });

  it.each([[{}], [{ code: null }], [{ code: '' }], [{ code: '534323' }], [{ id: 1, role: 'admin', sub: 1 }]])(
    'takes %j beside e-mail and password, and binds it to nothing',
    async (more) => {
      const answer = await authenticate({ email, password: PASSWORD, ...more });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ user: { id: 42, email, role: 'client' } });
      expect(answer.headers.has('access_token')).toBe(false);
    },
  );

  it.each([
    ['an unknown e-mail', 'nobody@example.com', PASSWORD],
    ['a wrong password', email, 'another password'],
    ['a password of more than 72 bytes', email, 'x'.repeat(15_000)],
    ['a disabled account', 'disabled@example.com', PASSWORD],
  ])('answers %s with one and the same 401', async (_, name, password) => {
    if (name.startsWith('disabled'))
      await app.createUser(name).then(() => app.app.get(AccountsService).disable(name));
    const answer = await authenticate({ email: name, password });
    expect([answer.status, answer.text]).toEqual([401, '{"message":"Invalid credentials."}']);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });
});

describe('GET /api/films, the documented protected request', () => {
  it('is open to a good token until the second it expires', async () => {
    const { token } = (await authenticate({ email, password: PASSWORD })).body as { token: string };
    app.clock.advance(app.config.accessTokenTtlSeconds - 1);
    const last = await films(bearer(token));
    app.clock.advance(1);
    const late = await films(bearer(token));
    expect([last.status, late.status, late.text]).toEqual([200, 401, '{"message":"Invalid credentials."}']);
  });

  it.each([
    ['limit=0', 'The limit field must be at least 1.'],
    ['limit=x', 'The limit field must be an integer.'],
    ['after=-1', 'The after field must be at least 0.'],
  ])('refuses ?%s in the one-key shape', async (query, message) => {
    const { token } = (await authenticate({ email, password: PASSWORD })).body as { token: string };
    const answer = await send(`${app.url}/api/films?${query}`, { headers: bearer(token) });
    expect([answer.status, answer.body]).toEqual([400, { message }]);
  });
});

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';

interface Example {
  request: { method: string; path: string; headers?: Record<string, string>; body?: object };
  response: { status: number; headers?: Record<string, string>; body: Record<string, unknown> };
}
const fixtures = readFileSync(new URL('../fixtures/v1.json', import.meta.url), 'utf8');
const examples = JSON.parse(fixtures) as Record<string, Example>;

const email = 'user@example.com';
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const requestIds: Record<string, RegExp> = { '/v1/login': uuid, '/v1/refresh-token': /^req_[0-9a-f]{8}$/ };

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  const { id } = await app.createUser(email);
  await app.dataSource.query('UPDATE users SET id = $1, public_id = $2 WHERE id = $3', [42, 'AJ6EJQCF', id]);
});
afterAll(() => app.close());

const logIn = (body: unknown, query = '') => post(`${app.url}/v1/login${query}`, body);
const refresh = (token: string) => post(`${app.url}/v1/refresh-token`, undefined, bearer(token));
const subjectOf = (token: string | null) =>
  JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

/** Sends an example's request at the moment that its answer tells. */
async function replay({ request, response }: Example) {
  const token = await login(app.url, email, PASSWORD);
  const { timestamp } = response.body;
  const seconds =
    typeof timestamp === 'string' ? Math.floor((Date.parse(timestamp) - app.clock.now()) / 1000) + 1 : 0;
  app.clock.advance(seconds);
  const answer = await send(app.url + request.path, {
    method: request.method,
    headers: {
      ...(request.body && { 'content-type': 'application/json' }),
      ...(request.headers && {
        authorization: `${request.headers.Authorization}`.replace('<current JWT>', token),
      }),
    },
    ...(request.body && { body: JSON.stringify(request.body) }),
  });
  app.clock.advance(-seconds);
  return {
    ...answer,
    requestId: answer.headers.get('x-request-id'),
    accessToken: answer.headers.get('access_token'),
  };
}

describe('the published examples', () => {
  // The one that failed on our side is replayed where the database is taken away: outage.spec.ts.
  it.each(Object.entries(examples).filter(([, { response }]) => response.status !== 500))(
    '%s',
    async (_, example) => {
      const { path } = example.request;
      const { status, headers: published, body } = example.response;
      const { requestId, accessToken, ...answer } = await replay(example);
      expect(answer.status).toBe(status);
      // As text: these keys in this order and nothing else. Only what cannot be foreseen is taken from the answer.
      const unforeseen = {
        ...('request_id' in body && { request_id: requestId }),
        ...('access_token' in body && { access_token: accessToken }),
      };
      expect(answer.text).toBe(JSON.stringify({ ...body, ...unforeseen }));
      expect(requestId).toMatch(requestIds[path] ?? '');
      expect(accessToken ?? '').toMatch(published ? jwt : /^$/);
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
    },
  );
});

describe('POST /v1/login', () => {
  const required = (field: string) => ({ message: `The ${field} field is required.` });
  const string = (field: string) => ({ message: `The ${field} field must be a string.` });
  const address = { message: 'The email field must be a valid email address.' };
  const digits = { message: 'The code field must be 6 digits.' };
  const both = { email: [required('email')], password: [required('password')] };

  it.each<[string, unknown, Record<string, { message: string }[]>]>([
    ['nothing', undefined, both],
    ['an empty object', {}, both],
    ['null', 'null', both],
    ['an array', [email, PASSWORD], both],
    ['a string', '"email"', both],
    ['null and empty fields', { email: null, password: '' }, both],
    ['empty and null fields', { email: '', password: null }, both],
    ['no e-mail', { password: PASSWORD }, { email: [required('email')] }],
    ['no password', { email }, { password: [required('password')] }],
    [
      'no e-mail, a code that is none',
      { password: PASSWORD, code: 'x' },
      { email: [required('email')], code: [digits] },
    ],
    ['an e-mail that is none', { email: 'user', password: PASSWORD }, { email: [address] }],
    ['a password that is no string', { email, password: ['x'] }, { password: [string('password')] }],
    [
      'a code that is no string',
      { email, password: PASSWORD, code: 534323 },
      { code: [string('code'), digits] },
    ],
    [
      'every field wrong, sent in another order',
      { code: 5, password: 5, email: 5 },
      { email: [string('email'), address], password: [string('password')], code: [string('code'), digits] },
    ],
  ])('names every fault of %s, in order', async (_, body, details) => {
    const answer = await logIn(body);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(`,"details":${JSON.stringify(details)}}`);
    expect(answer.body).toMatchObject({
      message: Object.values(details)[0]?.[0]?.message,
      path: '/v1/login',
    });
  });

  it.each([[{}], [{ code: null }], [{ code: '' }]])('takes %j for no code', async (code) => {
    expect((await logIn({ email, password: PASSWORD, ...code })).status).toBe(200);
  });

  it('ignores unknown keys and binds them to nothing', async () => {
    const unknown = {
      id: 1,
      sub: 1,
      role: 'admin',
      publicId: 'AAAAAAAA',
      disabledAt: 1,
      user: { role: 'admin' },
    };
    const answer = await logIn({ email, password: PASSWORD, ...unknown });
    expect(answer.body).toEqual({ id: 'AJ6EJQCF', email });
    expect(subjectOf(answer.headers.get('access_token'))).toMatchObject({ sub: 'AJ6EJQCF', role: 'client' });
  });

  it('reads nothing from the query string, and leaves it out of `path`', async () => {
    const answer = await logIn({ email }, `?password=${encodeURIComponent(PASSWORD)}&email=x`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ path: '/v1/login', details: { password: [required('password')] } });
  });

  it('gives every account a public id of its own', async () => {
    const users = [];
    for (let i = 0; i < 5; i += 1) users.push(await app.createUser());
    const answers = await Promise.all(users.map((user) => logIn({ email: user.email, password: PASSWORD })));
    const ids = answers.map(({ body }) => (body as { id: string }).id);
    for (const id of ids) expect(id).toMatch(/^[A-Z0-9]{8}$/);
    expect(new Set(ids).size).toBe(ids.length);
    // Not counted up: neighbours have hardly a character in common.
    const shared = [...(ids[0] ?? '')].filter((character, i) => ids[1]?.[i] === character);
    expect(shared.length).toBeLessThan(6);
  });

  it('gives every request an id of its own, whatever the client calls it', async () => {
    const named = () => post(`${app.url}/v1/login`, {}, { 'x-request-id': 'mine' });
    const ids = (await Promise.all([named(), named()])).map(({ headers }) => headers.get('x-request-id'));
    for (const id of ids) expect(id).toMatch(uuid);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('writes the timestamp in UTC, whole seconds', async () => {
    const { timestamp } = (await logIn({})).body as { timestamp: string };
    expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
    expect(Date.parse(timestamp)).toBe(Math.floor(app.clock.now() / 1000) * 1000);
  });
});

describe('POST /v1/refresh-token', () => {
  it.each([
    ['none', undefined, {}],
    ['JSON', '{"email":"x"}', { 'content-type': 'application/json' }],
    ['broken JSON', '{"email', { 'content-type': 'application/json' }],
    ['an empty body called JSON', '', { 'content-type': 'application/json' }],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0]), { 'content-type': 'application/json' }],
    ['a form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a multipart form', '--x--', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['a type that is none', 'x', { 'content-type': ';;' }],
    ['a compressed body', Buffer.from([0x1f, 0x8b]), { 'content-encoding': 'gzip' }],
    ['a body longer than any that is read', 'x'.repeat(20_000), { 'content-type': 'application/json' }],
  ])('ignores the body: %s', async (_, body, headers) => {
    const token = await login(app.url, email, PASSWORD);
    const answer = await send(`${app.url}/v1/refresh-token`, {
      method: 'POST',
      headers: { ...headers, ...bearer(token) },
      ...(body !== undefined && { body }),
    });
    expect(answer.status).toBe(200);
    const { access_token: next } = answer.body as { access_token: string };
    expect(next).not.toBe(token);
    expect(answer.headers.get('access_token')).toBe(next);
    expect((await send(`${app.url}/api/films`, { headers: bearer(next) })).status).toBe(200);
  });

  it.each<[string, (token: string) => Record<string, string> | Promise<Record<string, string>>]>([
    ['absent', () => ({})],
    ['empty', () => ({ authorization: 'Bearer' })],
    ['no token', () => bearer('token')],
    ['given by another scheme', (token) => ({ authorization: `Basic ${token}` })],
    ['given without a scheme', (token) => ({ authorization: token })],
    ['given in the wrong header', (token) => ({ access_token: token })],
    ['cut short', (token) => bearer(token.slice(0, -1))],
    ['followed by more', (token) => ({ authorization: `Bearer ${token} x` })],
    [
      'of a session that ended',
      async (token) => (await app.dataSource.query('DELETE FROM sessions'), bearer(token)),
    ],
    [
      'of a disabled account',
      async (token) => (await app.app.get(AccountsService).disable(email), bearer(token)),
    ],
    [
      'of a disabled account whose session is still there',
      async (token) => (
        await app.dataSource.query('UPDATE users SET disabled_at = 1 WHERE id = 42'),
        bearer(token)
      ),
    ],
  ])('answers 401 to a token that is %s', async (_, headersOf) => {
    const headers = await headersOf(await login(app.url, email, PASSWORD));
    const answer = await post(`${app.url}/v1/refresh-token`, undefined, headers);
    await app.app.get(AccountsService).enable(email);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.headers.has('access_token')).toBe(false);
    expect(answer.body).toMatchObject({ message: 'Authentication credentials are required.' });
  });

  it('does not refresh an expired token, and does one that is about to expire', async () => {
    const token = await login(app.url, email, PASSWORD);
    app.clock.advance(app.config.accessTokenTtlSeconds - 1);
    const last = await refresh(token);
    app.clock.advance(1);
    const late = await refresh(token);
    app.clock.advance(-app.config.accessTokenTtlSeconds);
    expect([last.status, late.status]).toEqual([200, 401]);
    expect(late.body).toMatchObject({ message: 'Authentication credentials are required.' });
  });
});

import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';

let app: TestApp;
beforeAll(async () => {
  // As long as they may be: tokens are then as long as they get.
  app = await startApp({
    env: {
      JWT_ISSUER: 'i'.repeat(64),
      JWT_AUDIENCE: 'a'.repeat(64),
      ROLES: `client,${'r'.repeat(32)}`,
    },
  });
  await app.createUser('user@example.com');
});
afterAll(() => app.close());

/** Tokens for one account, by the contract that issues them. */
const issue: Record<string, (email: string) => Promise<string>> = {
  v1: (email) => login(app.url, email, PASSWORD),
  'users-auth': async (email) => {
    const { body } = await post(`${app.url}/api/users/auth`, { email, password: PASSWORD });
    return (body as { token: string }).token;
  },
};
/** Guarded routes, with the 401 of the contract that each belongs to. */
const guarded: Record<
  string,
  { use: (headers: Record<string, string>) => Promise<Answer>; refusal: string }
> = {
  'GET /api/films': {
    use: (headers) => send(`${app.url}/api/films`, { headers }),
    refusal: 'Invalid credentials.',
  },
  'POST /v1/refresh-token': {
    use: (headers) => post(`${app.url}/v1/refresh-token`, undefined, headers),
    refusal: 'Authentication credentials are required.',
  },
};

type Json = Record<string, unknown>;
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const read = (token: string) =>
  token.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json) as [
    Json,
    Json,
  ];

/** Signed with the server's own key: only what is inside can be wrong with it. */
function sign(header: unknown, claims: unknown, hash = 'sha256'): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac(hash, app.config.jwtSecret ?? '')
    .update(signed)
    .digest('base64url')}`;
}

describe.each(Object.keys(issue))('a token of %s', (contract) => {
  const get = (email = 'user@example.com') => issue[contract]?.(email) as Promise<string>;

  it('has this header and these claims, and no others', async () => {
    const { id, publicId, email } = await app.createUser();
    const [header, claims] = read(await get(email));
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT', kid: expect.stringMatching(/^[\w-]{12}$/) });
    const iat = Math.floor(app.clock.now() / 1000);
    expect(claims).toEqual({
      sub: contract === 'v1' ? publicId : id,
      email,
      role: 'client',
      sid: expect.stringMatching(/^\S{16,}$/),
      jti: expect.stringMatching(/^[\w-]{22}$/),
      iss: app.config.jwtIssuer,
      aud: app.config.jwtAudience,
      iat,
      exp: iat + app.config.accessTokenTtlSeconds,
    });
  });

  it('differs from every other, in one second too', async () => {
    const [first, second] = [read(await get())[1], read(await get())[1]];
    expect(first.jti).not.toBe(second.jti);
    expect(first.sid).not.toBe(second.sid);
  });

  it.each(Object.entries(guarded))('opens %s', async (_, { use }) => {
    expect((await use(bearer(await get()))).status).toBe(200);
  });

  it('keeps the form of its subject over any number of refreshes', async () => {
    let token = await get();
    const [, { sub, sid, jti }] = read(token);
    for (let i = 0; i < 3; i += 1) {
      app.clock.advance(60);
      const answer = await post(`${app.url}/v1/refresh-token`, undefined, bearer(token));
      token = answer.headers.get('access_token') ?? '';
      const [, next] = read(token);
      expect(next).toMatchObject({ sub, sid, iat: Math.floor(app.clock.now() / 1000) });
      expect(next.jti).not.toBe(jti);
    }
  });

  it('is under 1 KB at its longest', async () => {
    const local = `${contract}-${'l'.repeat(64)}`.slice(0, 64);
    const domain = [63, 63, 58].map((length) => 'd'.repeat(length)).join('.');
    const { email } = await app.createUser(`${local}@${domain}.io`, 'r'.repeat(32));
    const token = await get(email);
    expect([email.length, read(token)[1].role]).toEqual([254, 'r'.repeat(32)]);
    expect(token.length).toBeLessThan(1024);
  });
});

describe.each(Object.entries(guarded))('%s', (_, { use, refusal }) => {
  async function forge(change: (header: Json, claims: Json) => string): Promise<Answer> {
    const [header, claims] = read(await login(app.url, 'user@example.com', PASSWORD));
    return use(bearer(change(header, claims)));
  }

  it('accepts what is signed by hand in our form', async () => {
    expect((await forge((header, claims) => sign(header, claims))).status).toBe(200);
  });

  const claims = ['sub', 'email', 'role', 'sid', 'jti', 'iss', 'aud', 'iat', 'exp'];
  it.each<[string, (header: Json, claims: Json) => string]>([
    ['no algorithm', (header, claims) => `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`],
    ['another algorithm', (header, claims) => sign({ ...header, alg: 'HS512' }, claims, 'sha512')],
    ['an unknown kid', (header, claims) => sign({ ...header, kid: 'another-kid1' }, claims)],
    ['no kid', ({ alg, typ }, claims) => sign({ alg, typ }, claims)],
    ['crit', (header, claims) => sign({ ...header, crit: ['exp'] }, claims)],
    ['a bad signature', (header, claims) => `${sign(header, claims).slice(0, -4)}AAAA`],
    ['no signature', (header, claims) => sign(header, claims).replace(/[^.]+$/, '')],
    ['a fourth part', (header, claims) => `${sign(header, claims)}.x`],
    ['two parts', (header, claims) => sign(header, claims).replace(/\.[^.]+$/, '')],
    ...claims.flatMap((name): [string, (header: Json, claims: Json) => string][] => [
      [`no ${name}`, (header, claims) => sign(header, { ...claims, [name]: undefined })],
      [`an object as ${name}`, (header, claims) => sign(header, { ...claims, [name]: {} })],
    ]),
    ['another issuer', (header, claims) => sign(header, { ...claims, iss: 'other' })],
    ['another audience', (header, claims) => sign(header, { ...claims, aud: 'other' })],
    ['a list of audiences', (header, claims) => sign(header, { ...claims, aud: [claims.aud, 'other'] })],
    ['its end in the past', (header, claims) => sign(header, { ...claims, exp: claims.iat })],
  ])('refuses a token with %s', async (_name, change) => {
    const answer = await forge(change);
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ message: refusal });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });
});

it.each([
  ['GET', '/api/films'],
  ['POST', '/v1/refresh-token'],
])('%s %s refuses two Authorization headers', async (method, path) => {
  const authorization = `Bearer ${await login(app.url, 'user@example.com', PASSWORD)}`;
  const headers = ['host', 'gatehouse', 'authorization', authorization, 'authorization', authorization];
  const status = await new Promise((resolve, reject) => {
    const sent = request(app.url + path, { method, headers }, (answer) =>
      resolve(answer.resume().statusCode),
    );
    sent.on('error', reject).end();
  });
  expect(status).toBe(401);
});

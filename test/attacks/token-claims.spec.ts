import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import type { User } from '../../src/users/user.entity.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { forge, segment, take } from '../support/forgery.js';
import { bearer, login, post, send } from '../support/http.js';
import {
  expectNoRefresh,
  expectNoServerErrors,
  expectTokenAccepted,
  expectTokenRefused,
} from '../support/refusal.js';

type Claims = Record<string, unknown>;

let app: TestApp;
let user: User;
let other: User;
beforeAll(async () => {
  app = await startApp();
  user = await app.createUser();
  other = await app.createUser();
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

/** A token of a fresh session, its claims or their text changed, signed with the right secret: the claims alone are at fault. */
async function forged(change: (claims: Claims) => unknown, of = user): Promise<string> {
  const { segments, claims } = take(await login(app.url, of.email, PASSWORD));
  return forge(segments[0], segment(change(claims)), app.config.jwtSecret ?? '');
}

/** A token of `/api/users/auth`, whose `sub` is a number. */
async function authenticate({ email }: User): Promise<string> {
  const { body } = await post(`${app.url}/api/users/auth`, { email, password: PASSWORD });
  return (body as { token: string }).token;
}

const json = (claims: Claims) => JSON.stringify(claims);
const seconds = () => Math.floor(app.clock.now() / 1000);

describe('claims made by hand under the right signature', () => {
  it.each<[string, (claims: Claims) => unknown]>([
    ['unchanged', (claims) => claims],
    ['with one that we do not know', (claims) => ({ ...claims, scope: 'films' })],
    ['expiring in a second', (claims) => ({ ...claims, exp: seconds() + 1 })],
    ['issued 30 s ahead of our clock', (claims) => ({ ...claims, iat: seconds() + 30 })],
  ])('are accepted %s, or the refusals below would mean nothing', async (_, change) => {
    await expectTokenAccepted(app.url, await forged(change));
  });

  const valuesOf: Record<string, unknown[]> = {
    exp: [undefined, null, '9999999999', true, [9999999999], {}, 0, -1, 1.5, 1e11, 2 ** 53],
    iat: [undefined, null, '0', true, [0], {}, 1.5, 2 ** 53],
    nbf: [0, null, '0', 9999999999],
    sub: [undefined, null, '', 0, -1, 1.5, 2 ** 53, true, [1], { id: 1 }],
    iss: [undefined, null, '', 'Gatehouse', 'gatehouse ', 'https://gatehouse', ['gatehouse'], 1],
    aud: [
      undefined,
      null,
      '',
      'Gatehouse',
      'gatehouse,x',
      ['gatehouse'],
      ['x', 'gatehouse'],
      { 0: 'gatehouse' },
    ],
    sid: [undefined, null, '', 1, true, ['x'], { $ne: null }, 'a\0b', 'a b', 'é'],
    jti: [undefined, null, '', 1, true, ['x'], {}],
    email: [undefined, null, '', 1, ['x'], {}],
    role: [undefined, null, '', 1, ['admin'], {}],
  };
  it.each(
    Object.entries(valuesOf).flatMap(([name, values]) => values.map((value) => [name, value] as const)),
  )('are refused with %s %j', async (name, value) => {
    await expectTokenRefused(app.url, await forged((claims) => ({ ...claims, [name]: value })));
  });

  it.each<[string, (claims: Claims) => unknown]>([
    ['exp now', (claims) => ({ ...claims, exp: seconds() })],
    ['exp in milliseconds', (claims) => ({ ...claims, exp: (claims['exp'] as number) * 1000 })],
    ['exp beyond every number', (claims) => json(claims).replace(/"exp":\d+/, '"exp":1e999')],
    ['exp twice, the last one past', (claims) => json(claims).replace('}', ',"exp":1}')],
    ['iat 31 s ahead', (claims) => ({ ...claims, iat: seconds() + 31 })],
    ['iat in milliseconds', (claims) => ({ ...claims, iat: (claims['iat'] as number) * 1000 })],
    ['all of them in __proto__', (claims) => `{"__proto__":${json(claims)}}`],
    ['all of them in an array', (claims) => [claims]],
    ['all of them in a string', (claims) => JSON.stringify(json(claims))],
    ...['null', '[]', '"x"', '1', 'true', '{}', '', '{', '\0'].map((text): [string, () => string] => [
      `${JSON.stringify(text)} in their place`,
      () => text,
    ]),
    ['400 arrays in each other in their place', () => '['.repeat(400) + ']'.repeat(400)],
    ['a byte order mark', (claims) => `\ufeff${json(claims)}`],
    ['UTF-16', (claims) => Buffer.from(json(claims), 'utf16le')],
    ['their end missing', (claims) => json(claims).slice(0, -1)],
    ['something behind them', (claims) => `${json(claims)}{}`],
    ['a comment', (claims) => json(claims).replace('{', '{/**/')],
  ])('are refused with %s', async (_, change) => {
    await expectTokenRefused(app.url, await forged(change));
  });

  it.each<[string, (claims: Claims) => unknown]>([
    ['nobody', (claims) => ({ ...claims, sub: 'AAAAAAAA' })],
    ['a number of nobody', (claims) => ({ ...claims, sub: 2 ** 31 })],
    ['another account', (claims) => ({ ...claims, sub: other.publicId })],
    ["another account's number", (claims) => ({ ...claims, sub: other.id })],
    ['the number as a text', (claims) => ({ ...claims, sub: String(user.id) })],
    ['the public id in lower case', (claims) => ({ ...claims, sub: user.publicId.toLowerCase() })],
    ['SQL', (claims) => ({ ...claims, sub: "'OR'1'='1" })],
  ])('refresh no session for a sub of %s', async (_, change) => {
    await expectNoRefresh(app.url, await forged(change));
  });

  it.each<[string, (sid: string, theirs: string) => string]>([
    ['of nothing', () => 'AAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA'],
    ['of another account', (_, theirs) => theirs],
    ['without its account', (sid) => sid.slice(9)],
    ["of another account's name", (sid) => `${other.publicId}${sid.slice(8)}`],
    ['in lower case', (sid) => sid.toLowerCase()],
    ['with a wildcard', (sid) => `${sid.slice(0, 12)}%`],
    ['of SQL', () => "'OR'1'='1"],
    ['of 1,000 characters', (sid) => sid.padEnd(1_000, 'x')],
  ])('refresh no session by a sid %s', async (_, change) => {
    const theirs = take(await login(app.url, other.email, PASSWORD)).claims['sid'] as string;
    await expectNoRefresh(
      app.url,
      await forged((claims) => ({ ...claims, sid: change(claims['sid'] as string, theirs) })),
    );
  });

  it('neither outlive the session nor make it longer', async () => {
    const token = await forged((claims) => ({ ...claims, exp: 9_999_999_999 }));
    const { sessionTtlSeconds } = app.config;
    app.clock.advance(sessionTtlSeconds - 1);
    const next = take(await expectTokenAccepted(app.url, token)).claims;
    expect(next['exp']).toBe(seconds() + 1);
    app.clock.advance(1);
    await expectNoRefresh(app.url, token);
  });

  it('do not decide who somebody is: role and e-mail are read afresh', async () => {
    const token = await forged((claims) => ({ ...claims, role: 'admin', email: 'root@example.com' }));
    const next = take(await expectTokenAccepted(app.url, token)).claims;
    expect(next).toMatchObject({ sub: user.publicId, role: 'client', email: user.email });
  });
});

describe('a token', () => {
  it.each([
    ['/v1/login', ({ email }: User) => login(app.url, email, PASSWORD)],
    ['/api/users/auth', authenticate],
  ])('of %s ends to the second', async (_, issue) => {
    const token = await issue(user);
    app.clock.advance(app.config.accessTokenTtlSeconds - 1);
    expect((await send(`${app.url}/api/films`, { headers: bearer(token) })).status).toBe(200);
    app.clock.advance(1);
    await expectTokenRefused(app.url, token);
  });

  it.each<[string, (somebody: User) => Promise<unknown>]>([
    ['disabled', ({ publicId }) => app.app.get(AccountsService).disable(publicId)],
    [
      'disabled and enabled again',
      async ({ publicId }) => {
        await app.app.get(AccountsService).disable(publicId);
        await app.app.get(AccountsService).enable(publicId);
      },
    ],
    [
      'given another password',
      ({ id }) => app.app.get(AccountsService).setPassword(String(id), `${PASSWORD}2`),
    ],
    ['given its own password', ({ id }) => app.app.get(AccountsService).setPassword(String(id), PASSWORD)],
    ['deleted', ({ id }) => app.dataSource.query('DELETE FROM users WHERE id = $1', [id])],
    ['signed out', ({ id }) => app.dataSource.query('DELETE FROM sessions WHERE user_id = $1', [id])],
  ])('of an account that was %s does not refresh', async (_, change) => {
    const somebody = await app.createUser();
    const tokens = [await login(app.url, somebody.email, PASSWORD), await authenticate(somebody)];
    await change(somebody);
    for (const token of tokens) await expectNoRefresh(app.url, token);
  });

  it('of an account that lost its role refreshes to one without it', async () => {
    const admin = await app.createUser('was-admin@example.com', 'admin');
    const token = await login(app.url, admin.email, PASSWORD);
    await app.dataSource.query("UPDATE users SET role = 'client' WHERE id = $1", [admin.id]);
    expect(take(await expectTokenAccepted(app.url, token)).claims['role']).toBe('client');
  });
});

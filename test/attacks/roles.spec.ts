import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { Public } from '../../src/auth/guards/public.decorator.js';
import { Roles } from '../../src/auth/guards/roles.decorator.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { administrator } from '../support/audit.js';
import { forge, take } from '../support/forgery.js';
import { bearer, login, post, send } from '../support/http.js';
import { expectRefusal, TOKEN_REFUSED } from '../support/refusal.js';

/** A module of one's own. */
@Roles('editor')
@Controller('notes')
class NotesController {
  @Get()
  list(): string {
    return 'editors';
  }
  @Roles('admin', 'editor')
  @Get('both')
  both(): string {
    return 'both';
  }
  @Roles('admin')
  @Get('administrators')
  administrators(): string {
    return 'administrators';
  }
  // A mistake: it must not open what the controller closes.
  @Public()
  @Get('muddled')
  muddled(): string {
    return 'nobody';
  }
}
@Module({ controllers: [NotesController] })
class NotesModule {}

const FORBIDDEN = 'This action is unauthorized.';

let t: TestApp;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  t = await startApp({ imports: [NotesModule], env: { ROLES: 'client,editor,Admin'.toLowerCase() } });
  for (const role of ['client', 'editor', 'admin']) {
    const { email } = await t.createUser(undefined, role);
    tokens[role] = await login(t.url, email, PASSWORD);
  }
});
afterAll(() => t.close());

const get = (path: string, token: string | undefined) =>
  send(t.url + path, { headers: token === undefined ? {} : bearer(token) });

describe('@Roles', () => {
  it.each([
    ['/notes', ['editor']],
    ['/notes/both', ['admin', 'editor']],
    ['/notes/administrators', ['admin']],
    ['/notes/muddled', []],
  ])('%s lets in nobody but %s', async (path, roles) => {
    for (const role of ['client', 'editor', 'admin']) {
      const answer = await get(path, tokens[role]);
      if (roles.includes(role)) expect(answer.status).toBe(200);
      else expectRefusal(answer, path, 403, FORBIDDEN);
    }
    const nobody = await get(path, undefined);
    if (path === '/notes/muddled') expectRefusal(nobody, path, 403, FORBIDDEN);
    else expectRefusal(nobody, path, 401, TOKEN_REFUSED);
  });

  it('is asked of HEAD as of GET', async () => {
    const statuses = ['client', 'editor'].map(
      async (role) =>
        (await send(`${t.url}/notes`, { method: 'HEAD', headers: bearer(tokens[role] ?? '') })).status,
    );
    expect(await Promise.all(statuses)).toEqual([403, 200]);
  });

  it.each([
    ['a role that the client wrote', { role: 'admin' }],
    ['several roles', { role: ['client', 'admin'] }],
    ['a role beside the role', { roles: ['admin'] }],
  ])('does not believe a token with %s', async (_, change) => {
    const { segments, claims } = take(tokens['client'] ?? '');
    const payload = Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url');
    const forged = forge(segments[0], payload, 'a secret that is not the one of the server');
    expectRefusal(await get('/v1/admin/users', forged), '/v1/admin/users', 401, TOKEN_REFUSED);
  });

  it.each([
    '/v1/admin/users/',
    '/V1/admin/users',
    '/v1//admin/users',
    '/v1/admin/users/../users',
    '/v1/admin%2fusers',
  ])('is not got round by another spelling: %s', async (path) => {
    expect([403, 404]).toContain((await get(path, tokens['client'])).status);
  });

  it('counts from the next request on when a role is taken away, for refreshed tokens too', async () => {
    const boss = await t.createUser(undefined, 'admin');
    const first = await login(t.url, boss.email, PASSWORD);
    const { headers } = await post(`${t.url}/v1/refresh-token`, undefined, bearer(first));
    const second = headers.get('access_token') ?? '';
    expect((await get('/v1/admin/users', second)).status).toBe(200);
    await t.app.get(AccountsService).setRole(boss.email, 'client');
    for (const token of [first, second])
      expectRefusal(await get('/v1/admin/users', token), '/v1/admin/users', 401, TOKEN_REFUSED);
    const next = await login(t.url, boss.email, PASSWORD);
    expectRefusal(await get('/v1/admin/users', next), '/v1/admin/users', 403, FORBIDDEN);
  });
});

describe('an administrator who is demoted', () => {
  // Another instance hears of an ended session within a second: until then it believes the token.
  it('does nothing any more, even where the token is still believed', async () => {
    const victim = await t.createUser();
    for (const [method, path, body] of [
      ['POST', '/users', { email: 'late@example.com', role: 'admin' }],
      ['PATCH', `/users/${victim.publicId}`, { role: 'admin' }],
      ['POST', `/users/${victim.publicId}/disable`, undefined],
      ['POST', `/users/${victim.publicId}/enable`, undefined],
      ['DELETE', `/users/${victim.publicId}/two-factor`, undefined],
      ['DELETE', `/users/${victim.publicId}/sessions`, undefined],
      ['DELETE', `/users/${victim.publicId}`, undefined],
    ] as const) {
      const boss = await administrator(t);
      await t.dataSource.query("UPDATE users SET role = 'client' WHERE public_id = $1", [boss.publicId]);
      expectRefusal(await boss.call(method, path, body), `/v1/admin${path}`, 403, FORBIDDEN);
    }
    expect(await t.app.get(AccountsService).find(victim.publicId)).toMatchObject({
      role: 'client',
      disabledAt: null,
    });
  });

  it('while their own requests are under way: each is done by an administrator, or not at all', async () => {
    const accounts = t.app.get(AccountsService);
    for (let round = 0; round < 10; round += 1) {
      const boss = await administrator(t);
      const created = Array.from({ length: 10 }, (_, i) =>
        boss.call('POST', '/users', { email: `during${round}-${i}@example.com`, role: 'client' }),
      );
      // A little later each time: when some have passed the guard, and wait for the database.
      const demoted = sleep(round * 2).then(() => accounts.setRole(boss.publicId, 'client'));
      for (const { status } of await Promise.all(created)) expect([201, 401, 403]).toContain(status);
      await demoted;
      const late = await boss.call('POST', '/users', { email: `after${round}@example.com`, role: 'client' });
      expect(late.status).toBe(401);
      // In the audit nothing of theirs comes after their demotion.
      const rows = await t.dataSource.query<{ event: string; actor: string; public_id: string }[]>(
        'SELECT event, actor, public_id FROM audit_events WHERE actor = $1 OR public_id = $1 ORDER BY id',
        [boss.publicId],
      );
      const end = rows.findIndex(({ event }) => event === 'account.role_changed');
      expect(rows.slice(end + 1).filter(({ event }) => event === 'account.created')).toEqual([]);
    }
  });
});

describe('ROLES', () => {
  it('are the only ones that can be given', async () => {
    const { email } = await t.createUser();
    for (const role of ['king', 'Admin', 'admin ', '', '__proto__', 'constructor'])
      await expect(t.app.get(AccountsService).setRole(email, role)).rejects.toMatchObject({
        definition: { code: 'validation_failed' },
      });
  });
});

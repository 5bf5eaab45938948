import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Param } from '@nestjs/common';
import { Roles } from '../../src/auth/guards/roles.decorator.js';
import { Public } from '../../src/auth/guards/public.decorator.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, send } from '../support/http.js';

/** All that is open to everybody. What is not on this list asks for an access token. */
const open = [
  'POST /v1/login',
  'POST /api/users/auth',
  'POST /v1/register',
  'POST /v1/verify-email',
  'POST /v1/forgot-password',
  'POST /v1/reset-password',
  'POST /v1/confirm-email',
  'GET /.well-known/jwks.json',
  'GET /healthz',
  'GET /readyz',
  'GET /docs',
  'GET /docs/',
  'GET /docs/*',
  'GET /docs/LICENSE',
  'GET /docs/docs/swagger-ui-init.js',
  'GET /docs/index.html',
  'GET /docs/swagger-ui-init.js',
  'GET /docs-json',
];
/** All that asks for a role, by the roles that are let in: `admin`, or `admin,editor`. */
const restricted = {
  admin: [
    'GET /v1/admin/users',
    'POST /v1/admin/users',
    'GET /v1/admin/users/:id',
    'PATCH /v1/admin/users/:id',
    'DELETE /v1/admin/users/:id',
    'POST /v1/admin/users/:id/disable',
    'POST /v1/admin/users/:id/enable',
    'POST /v1/admin/users/:id/password-reset',
    'DELETE /v1/admin/users/:id/two-factor',
    'GET /v1/admin/users/:id/sessions',
    'DELETE /v1/admin/users/:id/sessions',
    'DELETE /v1/admin/users/:id/sessions/:session',
    'GET /v1/admin/audit-events',
  ],
};
/** One that everybody may have, and those above. */
const roles = [
  ...new Set(['client', ...Object.keys(restricted).flatMap((names) => names.split(','))]),
].sort();
// The server adds a HEAD to every GET.
const withHeads = (routes: string[]) =>
  routes.flatMap((route) => [route, ...(route.startsWith('GET') ? [route.replace('GET', 'HEAD')] : [])]);

/** Asks every route that `app` has with a token of each kind of account; those that answered 403 to some, by the roles they let in. */
async function restrictedRoutes(app: TestApp): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  const clients = await Promise.all(roles.map((role) => callerOf(app, role)));
  for (const { method, url } of app.routes.routes) {
    const path = url.replace(/:[^/]+/g, 'NOBODY00').replace('*', 'x');
    const admitted: string[] = [];
    for (const { role, call } of clients) if ((await call(method, path)) !== 403) admitted.push(role);
    if (admitted.length < clients.length) (found[admitted.join()] ??= []).push(`${method} ${url}`);
  }
  return Object.fromEntries(Object.entries(found).map(([role, routes]) => [role, routes.sort()]));
}

/** Asks as an account of that role; the status. */
async function callerOf(app: TestApp, role: string) {
  const { email } = await app.createUser(`${role}@example.com`, role);
  let token = await login(app.url, email, PASSWORD);
  const ask = async (method: string, path: string) =>
    (await send(app.url + path, { method, headers: bearer(token) })).status;
  const call = async (method: string, path: string) => {
    const status = await ask(method, path);
    if (status !== 401) return status;
    // The route before it signed out.
    token = await login(app.url, email, PASSWORD);
    return ask(method, path);
  };
  return { role, call };
}

/** Asks every route that `app` has without a token; those that did not answer 401. */
async function openRoutes(app: TestApp): Promise<string[]> {
  const answering: string[] = [];
  for (const { method, url } of app.routes.routes) {
    const path = url.replace(/:[^/]+/g, '1').replace('*', 'x');
    const answer = await send(app.url + path, { method });
    if (answer.status !== 401) answering.push(`${method} ${url}`);
    else expect([url, answer.headers.get('www-authenticate')]).toEqual([url, 'Bearer']);
  }
  return answering.sort();
}

describe('every route of the application', () => {
  let app: TestApp;
  beforeAll(async () => {
    // Closed, registration is a 403 to everybody.
    app = await startApp({ env: { REGISTRATION: 'open', ROLES: roles.join() } });
  });
  afterAll(() => app.close());

  it('is on the list of open ones or asks for an access token', async () => {
    expect(await openRoutes(app)).toEqual(withHeads(open).sort());
  });

  it('is on the list of its role, or open to every account', async () => {
    const listed = Object.entries(restricted).map(([names, routes]) => [names, withHeads(routes).sort()]);
    expect(await restrictedRoutes(app)).toEqual(Object.fromEntries(listed));
  });

  it('is known to this test', () => {
    const routes = app.routes.routes.map(({ method, url }) => `${method} ${url}`);
    expect(routes).toEqual(
      expect.arrayContaining([
        'POST /v1/login',
        'POST /v1/refresh-token',
        'GET /api/films',
        'HEAD /api/films',
      ]),
    );
  });
});

@Controller('notes')
class NotesController {
  @Roles('admin')
  @Get('all')
  all(): string[] {
    return [];
  }

  @Get()
  list(): string[] {
    return [];
  }

  @Public()
  @Get(':id')
  show(@Param('id') id: string): string {
    return id;
  }
}
@Module({ controllers: [NotesController] })
class NotesModule {}

describe('a route of a new module', () => {
  it('is closed unless it says otherwise, and then it is missing on the list', async () => {
    const app = await startApp({ imports: [NotesModule], env: { ROLES: roles.join() } });
    const found = await openRoutes(app);
    const forAdministrators = (await restrictedRoutes(app))['admin'] ?? [];
    await app.close();
    const listedOnes = withHeads(restricted.admin);
    expect(forAdministrators.filter((route) => !listedOnes.includes(route))).toEqual([
      'GET /notes/all',
      'HEAD /notes/all',
    ]);
    const listed = withHeads(open);
    expect(found.filter((route) => !listed.includes(route))).toEqual(['GET /notes/:id', 'HEAD /notes/:id']);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Param } from '@nestjs/common';
import { Public } from '../../src/auth/guards/public.decorator.js';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/http.js';

/** All that is open to everybody. What is not on this list asks for an access token. */
const open = [
  'POST /v1/login',
  'POST /api/users/auth',
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
  'GET /docs-yaml',
];
// The server adds a HEAD to every GET.
const withHeads = (routes: string[]) =>
  routes.flatMap((route) => [route, ...(route.startsWith('GET') ? [route.replace('GET', 'HEAD')] : [])]);

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
    app = await startApp();
  });
  afterAll(() => app.close());

  it('is on the list of open ones or asks for an access token', async () => {
    expect(await openRoutes(app)).toEqual(withHeads(open).sort());
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
    const app = await startApp({ imports: [NotesModule] });
    const found = await openRoutes(app);
    await app.close();
    const listed = withHeads(open);
    expect(found.filter((route) => !listed.includes(route))).toEqual(['GET /notes/:id', 'HEAD /notes/:id']);
  });
});

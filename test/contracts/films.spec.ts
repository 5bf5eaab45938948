import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FilmsPage } from '../../src/films/films.dto.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, send } from '../support/http.js';

/** The worked example of a module's test: the whole application, a real database, real HTTP. */
let app: TestApp;
let headers: Record<string, string>;
beforeAll(async () => {
  app = await startApp();
  const { email } = await app.createUser();
  headers = bearer(await login(app.url, email, PASSWORD));
});
afterAll(() => app.close());

const list = (query = '') => send(`${app.url}/api/films${query}`, { headers });

describe('GET /api/films', () => {
  it('asks for a token', async () => {
    expect((await send(`${app.url}/api/films`)).status).toBe(401);
  });

  it('gives every film once, page by page', async () => {
    const all = (await list()).body as FilmsPage;
    expect(all.next).toBeNull();
    const found: FilmsPage['films'] = [];
    let next: number | null = 0;
    while (next !== null) {
      const page: FilmsPage = (await list(`?limit=5&after=${next}`)).body as FilmsPage;
      found.push(...page.films);
      next = page.next;
    }
    expect(found).toEqual(all.films);
    expect(found.length).toBeGreaterThan(10);
  });

  it('says what is wrong with a query', async () => {
    const answer = await list('?limit=101');
    expect([answer.status, answer.body]).toEqual([400, { message: 'The limit field must be at most 100.' }]);
  });
});

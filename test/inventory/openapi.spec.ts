import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/http.js';

interface Content {
  'application/json': { schema: { $ref: string }; example?: unknown };
}
interface Operation {
  security?: object[];
  requestBody?: { content: Content };
  responses: Record<string, { headers?: object; content: Content }>;
}
interface Schema {
  $ref?: string;
  example?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
}
interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: object };
}
interface Example {
  request: { method: string; path: string; body?: object };
  response: { status: number; headers?: object; body: object };
}

const fixture = (name: string): [string, Example][] => {
  const text = readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8');
  return Object.entries(JSON.parse(text) as Record<string, Example>);
};
const examples = [...fixture('v1'), ...fixture('users-auth')];

let app: TestApp;
let document: ApiDocument;
beforeAll(async () => {
  app = await startApp();
  document = (await send(`${app.url}/docs-json`)).body as ApiDocument;
});
afterAll(() => app.close());

/** What each operation documents: its statuses, and whether it asks for a token. */
const documented: Record<string, { statuses: number[]; isOpen: boolean }> = {
  'POST /v1/login': { statuses: [200, 400, 401, 413, 415, 429, 500, 503], isOpen: true },
  'POST /v1/register': { statuses: [202, 400, 403, 413, 415, 429, 500, 503], isOpen: true },
  'POST /v1/verify-email': { statuses: [204, 400, 403, 409, 413, 415, 429, 500, 503], isOpen: true },
  'POST /v1/forgot-password': { statuses: [202, 400, 413, 415, 429, 500, 503], isOpen: true },
  'POST /v1/reset-password': { statuses: [204, 400, 413, 415, 429, 500, 503], isOpen: true },
  'PUT /v1/email': { statuses: [202, 400, 401, 413, 415, 429, 500, 503], isOpen: false },
  'POST /v1/confirm-email': { statuses: [204, 400, 409, 413, 415, 429, 500, 503], isOpen: true },
  'POST /v1/refresh-token': { statuses: [200, 401, 429, 500, 503], isOpen: false },
  'POST /v1/logout': { statuses: [204, 401, 500, 503], isOpen: false },
  'GET /v1/sessions': { statuses: [200, 401, 500, 503], isOpen: false },
  'DELETE /v1/sessions': { statuses: [204, 401, 500, 503], isOpen: false },
  'DELETE /v1/sessions/{id}': { statuses: [204, 400, 401, 404, 500, 503], isOpen: false },
  'GET /v1/me': { statuses: [200, 401, 500, 503], isOpen: false },
  'PUT /v1/password': { statuses: [204, 400, 401, 413, 415, 429, 500, 503], isOpen: false },
  'POST /v1/delete-account': { statuses: [204, 400, 401, 409, 413, 415, 429, 500, 503], isOpen: false },
  'GET /v1/two-factor': { statuses: [200, 401, 500, 503], isOpen: false },
  'POST /v1/two-factor': { statuses: [201, 400, 401, 409, 413, 415, 429, 500, 503], isOpen: false },
  'POST /v1/two-factor/confirm': { statuses: [200, 400, 401, 409, 413, 415, 500, 503], isOpen: false },
  'POST /v1/two-factor/disable': { statuses: [204, 400, 401, 409, 413, 415, 429, 500, 503], isOpen: false },
  'POST /v1/two-factor/recovery-codes': {
    statuses: [200, 400, 401, 409, 413, 415, 429, 500, 503],
    isOpen: false,
  },
  'GET /v1/admin/users': { statuses: [200, 400, 401, 403, 500, 503], isOpen: false },
  'POST /v1/admin/users': { statuses: [201, 400, 401, 403, 409, 413, 415, 500, 503], isOpen: false },
  'GET /v1/admin/users/{id}': { statuses: [200, 400, 401, 403, 404, 500, 503], isOpen: false },
  'PATCH /v1/admin/users/{id}': {
    statuses: [200, 400, 401, 403, 404, 409, 413, 415, 500, 503],
    isOpen: false,
  },
  'DELETE /v1/admin/users/{id}': { statuses: [204, 400, 401, 403, 404, 409, 500, 503], isOpen: false },
  'POST /v1/admin/users/{id}/disable': { statuses: [200, 400, 401, 403, 404, 409, 500, 503], isOpen: false },
  'POST /v1/admin/users/{id}/enable': { statuses: [200, 400, 401, 403, 404, 500, 503], isOpen: false },
  'POST /v1/admin/users/{id}/password-reset': {
    statuses: [202, 400, 401, 403, 404, 500, 503],
    isOpen: false,
  },
  'DELETE /v1/admin/users/{id}/two-factor': {
    statuses: [204, 400, 401, 403, 404, 500, 503],
    isOpen: false,
  },
  'GET /v1/admin/users/{id}/sessions': { statuses: [200, 400, 401, 403, 404, 500, 503], isOpen: false },
  'DELETE /v1/admin/users/{id}/sessions': { statuses: [204, 400, 401, 403, 404, 500, 503], isOpen: false },
  'DELETE /v1/admin/users/{id}/sessions/{session}': {
    statuses: [204, 400, 401, 403, 404, 500, 503],
    isOpen: false,
  },
  'GET /v1/admin/audit-events': { statuses: [200, 400, 401, 403, 500, 503], isOpen: false },
  'POST /api/users/auth': { statuses: [200, 400, 401, 413, 415, 429, 500, 503], isOpen: true },
  'GET /api/films': { statuses: [200, 400, 401, 500, 503], isOpen: false },
  'GET /.well-known/jwks.json': { statuses: [200, 500, 503], isOpen: true },
  'GET /healthz': { statuses: [200, 500, 503], isOpen: true },
  'GET /readyz': { statuses: [200, 500, 503], isOpen: true },
  'GET /metrics': { statuses: [200, 401, 500, 503], isOpen: false },
};

const operationOf = (route: string): Operation | undefined => {
  const [method = '', path = ''] = route.split(' ');
  return document.paths[path]?.[method.toLowerCase()];
};

/** The schema that `reference` names, with the examples of its properties put together. */
function exampleOf(schema: Schema | undefined): unknown {
  if (schema?.$ref)
    return exampleOf(document.components.schemas[schema.$ref.replace('#/components/schemas/', '')]);
  if (schema?.example !== undefined || !schema?.properties) return schema?.example;
  return Object.fromEntries(
    Object.entries(schema.properties).map(([name, property]) => [name, exampleOf(property)]),
  );
}

describe('the OpenAPI document', () => {
  it('has every registered route, and no others', () => {
    const registered = app.routes.routes
      .filter(({ method, url }) => method !== 'HEAD' && !url.startsWith('/docs'))
      .map(({ method, url }) => `${method} ${url.replace(/:([^/]+)/g, '{$1}')}`);
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(registered.sort());
    expect(described).toEqual(Object.keys(documented).sort());
  });

  it.each(Object.entries(documented))(
    'documents of %s every status and how to be let in',
    (route, { statuses, isOpen }) => {
      const operation = operationOf(route);
      expect(Object.keys(operation?.responses ?? {})).toEqual(statuses.map(String));
      expect(operation?.security ?? []).toEqual(isOpen ? [] : [{ bearer: [] }]);
      expect(document.components.securitySchemes).toHaveProperty('bearer');
    },
  );

  it('names no schema that it does not have', () => {
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(references.length).toBeGreaterThan(0);
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(references));
  });

  it.each(examples)('has the published example: %s', (_, { request, response }) => {
    const operation = operationOf(`${request.method} ${request.path}`);
    const answer = operation?.responses[response.status];
    const { schema, example } = answer?.content['application/json'] ?? {};
    const shown = example ?? exampleOf(schema);
    // A token is only its form.
    const jwt = /<[a-z ]*JWT>/;
    const published = JSON.stringify(response.body).replace(jwt, 'token');
    expect(JSON.stringify(shown).replace(/eyJ[^"]*/, 'token')).toBe(published);
    expect(Object.keys(answer?.headers ?? {})).toEqual(Object.keys(response.headers ?? {}));
    if (response.status !== 200 || !request.body) return;
    expect(exampleOf(operation?.requestBody?.content['application/json'].schema)).toMatchObject(request.body);
  });
});

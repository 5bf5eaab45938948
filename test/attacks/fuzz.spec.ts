import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import {
  BAD_JSON,
  expectNoServerErrors,
  expectRefusal,
  LOGIN_REFUSED,
  TOKEN_REFUSED,
} from '../support/refusal.js';
import { announceSeed } from '../support/seed.js';
import { exchange } from '../support/socket.js';

const RUNS = 1_000;
// On a machine with nothing else to do, seconds: the hashing threads yield to whatever else there is.
jest.setTimeout(240_000);
const EMAIL = 'fuzz@example.com';

let app: TestApp;
let token: string;
const seed = announceSeed('test/attacks/fuzz.spec.ts');
beforeAll(async () => {
  app = await startApp();
  await app.createUser(EMAIL);
  token = await login(app.url, EMAIL, PASSWORD);
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

/** Every sentence that a request made at random may be answered with, by status. */
const sentences: Record<number, RegExp> = {
  400: /^The (email|password|code|limit|after) field (is required|must be [a-z0-9 ]+|contains an invalid character)\.$/,
  401: new RegExp(`^(${LOGIN_REFUSED}|${TOKEN_REFUSED}|Invalid credentials\\.)$`),
  404: /^Not Found\.$/,
  405: /^Method Not Allowed\.$/,
  408: /^Request Timeout\.$/,
  413: /^Payload Too Large\.$/,
  415: /^Unsupported Media Type\.$/,
  431: /^Request Header Fields Too Large\.$/,
};

/** Asserts that `answer` is a success or a refusal that the contract of `path` knows. */
function expectDocumented(answer: Answer, path: string): void {
  if (answer.status === 200) return;
  const { message = '' } = (answer.body ?? {}) as { message?: string };
  if (![BAD_JSON, 'Bad Request.'].includes(message))
    expect(message).toMatch(sentences[answer.status] ?? /^never$/);
  expectRefusal(answer, path, answer.status, message);
}

const codeUnits = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
});
const text = fc.oneof(codeUnits, fc.string(), fc.emailAddress(), fc.constantFrom(EMAIL, PASSWORD, '123456'));
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('email', 'password', 'code') },
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'then',
    'length',
    'toJSON',
    '',
  ),
  fc.string(),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: text },
  fc.jsonValue({ maxDepth: 4 }),
  fc.array(fc.tuple(name, text), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
);
const object = fc.array(fc.tuple(name, value), { maxLength: 6 }).map(
  // Written by hand: JSON.stringify knows no name twice, and no __proto__.
  (members) => `{${members.map(([key, each]) => `${JSON.stringify(key)}:${JSON.stringify(each)}`).join()}}`,
);
const nearly = (right: string) => fc.oneof({ weight: 2, arbitrary: fc.constant(right) }, value);
const credentials = fc
  .record({ email: nearly(EMAIL), password: nearly(PASSWORD), code: value }, { requiredKeys: [] })
  .map((fields) => JSON.stringify(fields));
const broken = fc
  .tuple(object, fc.nat(), fc.integer({ min: 0, max: 255 }))
  .map(([json, at, byte]) => Buffer.from(json).fill(byte, at % json.length, (at % json.length) + 1));
const body: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: credentials },
  { weight: 3, arbitrary: object },
  { weight: 2, arbitrary: broken },
  fc.json(),
  fc.uint8Array({ maxLength: 300 }),
  codeUnits,
);
const type = fc.oneof(
  { weight: 9, arbitrary: fc.constant('application/json') },
  fc.constantFrom(
    'application/json; charset=x',
    'text/plain',
    'multipart/form-data',
    'application/x-www-form-urlencoded',
    '/',
  ),
);

describe(`${RUNS} requests at random`, () => {
  it.each(['/v1/login', '/api/users/auth', '/v1/refresh-token'])(
    'with a body of any kind to %s',
    async (path) => {
      const property = fc.asyncProperty(body, type, async (content, contentType) => {
        expectDocumented(await post(app.url + path, content, { 'content-type': contentType }), path);
      });
      await fc.assert(property, { seed, numRuns: RUNS });
    },
  );

  it.each(['/api/films', '/v1/refresh-token'])('with a bearer token of any kind to %s', async (path) => {
    const segments = token.split('.');
    const part = fc.oneof(
      fc.constantFrom(...segments),
      fc.base64String(),
      fc.jsonValue().map((json) => Buffer.from(JSON.stringify(json)).toString('base64url')),
    );
    const made = fc.oneof(
      fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.')),
      fc
        .tuple(fc.nat(token.length - 1), fc.base64String({ maxLength: 4 }))
        .map(([at, other]) => token.slice(0, at) + other + token.slice(at + 1)),
      fc.string({ unit: 'grapheme-ascii' }),
    );
    const property = fc.asyncProperty(made, async (each) => {
      fc.pre(each !== token);
      const method = path === '/api/films' ? 'GET' : 'POST';
      const answer = await send(app.url + path, { method, headers: bearer(each) });
      expectRefusal(answer, path, 401, TOKEN_REFUSED);
    });
    await fc.assert(property, { seed, numRuns: RUNS });
  });

  it('with a query of any kind', async () => {
    const key = fc.oneof(
      fc.constantFrom('limit', 'after', 'limit[]', 'after[$gt]', '__proto__', 'constructor'),
      fc.string(),
    );
    const query = fc.array(
      fc.tuple(key, fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String))),
      { maxLength: 4 },
    );
    const property = fc.asyncProperty(query, async (pairs) => {
      const search = new URLSearchParams(pairs).toString();
      expectDocumented(
        await send(`${app.url}/api/films?${search}`, { headers: bearer(token) }),
        '/api/films',
      );
    });
    await fc.assert(property, { seed, numRuns: RUNS });
  });

  it('with a method and headers of any kind', async () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each).toString('latin1'));
    const header = fc.tuple(
      fc.constantFrom(
        ...[
          'Authorization',
          'Content-Type',
          'Content-Encoding',
          'Cookie',
          'Accept',
          'Origin',
          'X-Request-Id',
          'X-Forwarded-For',
        ],
        ...[
          'User-Agent',
          'Expect',
          'Upgrade',
          'Range',
          'If-Match',
          'Host',
          'Referer',
          'Access-Control-Request-Method',
          'x',
        ],
      ),
      fc.oneof(
        bytes,
        fc.string(),
        fc.constantFrom('Bearer ', `Bearer ${token}`, 'application/json', '100-continue', 'x'.repeat(9_000)),
      ),
    );
    const method = fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE', 'QUERY');
    const path = fc.constantFrom(
      '/v1/login',
      '/api/users/auth',
      '/v1/refresh-token',
      '/api/films',
      '/v1/x',
      '/api/x',
      '/x',
    );
    const property = fc.asyncProperty(
      method,
      path,
      fc.array(header, { maxLength: 4 }),
      async (each, target, headers) => {
        const lines = headers.map(([field, content]) => `${field}: ${content}\r\n`).join('');
        const request = `${each} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n`;
        for (const answer of await exchange(app.url, request)) {
          if (each !== 'HEAD' && answer.status !== 100) expectDocumented(answer, target);
          expect(answer.status).toBeLessThan(500);
          expect(answer.head).not.toMatch(/^(set-cookie|x-powered-by|server):/im);
        }
      },
    );
    await fc.assert(property, { seed, numRuns: RUNS });
  });

  it('leave a server that is still itself', async () => {
    await login(app.url, EMAIL, PASSWORD);
    expect(({} as Record<string, unknown>)['email']).toBeUndefined();
  });
});

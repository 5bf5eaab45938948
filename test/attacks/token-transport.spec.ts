import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login } from '../support/http.js';
import { expectNoServerErrors, expectRefusal, TOKEN_REFUSED } from '../support/refusal.js';
import { exchange, requestBytes } from '../support/socket.js';

const routes = [
  ['GET', '/api/films'],
  ['POST', '/v1/refresh-token'],
] as const;

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await startApp();
  const { email } = await app.createUser();
  token = await login(app.url, email, PASSWORD);
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

describe.each(routes)('%s %s', (method, path) => {
  const ask = async (headers: string[], query = '', body = '') =>
    (await exchange(app.url, requestBytes(`${method} ${path}${query}`, headers, body)))[0];

  it.each<[string, (token: string) => string]>([
    ['as documented', (t) => `Authorization: Bearer ${t}`],
    ['the scheme in lower case (RFC 9110 §11.1)', (t) => `authorization: bearer ${t}`],
    ['white space around the value (RFC 9110 §5.5)', (t) => `Authorization:  \tBearer ${t} \t`],
    ['several spaces (RFC 9110 §11.4)', (t) => `Authorization: Bearer   ${t}`],
  ])('accepts a token sent with %s, or the refusals below would mean nothing', async (_, header) => {
    expect((await ask([header(token)]))?.status).toBe(200);
  });

  it.each<[string, (token: string) => string[]]>([
    ['no header', () => []],
    ['an empty header', () => ['Authorization:']],
    ['the scheme alone', () => ['Authorization: Bearer']],
    ['no scheme', (t) => [`Authorization: ${t}`]],
    ...['Basic', 'Token', 'JWT', 'Digest', 'Bearer Bearer', 'Bearer:', 'Bearer=', 'XBearer', 'Be\xe0rer'].map(
      (scheme): [string, (t: string) => string[]] => [
        `the scheme ${scheme}`,
        (t) => [`Authorization: ${scheme} ${t}`],
      ],
    ),
    ['a tab for the space', (t) => [`Authorization: Bearer\t${t}`]],
    ['no space', (t) => [`Authorization: Bearer${t}`]],
    ['a no-break space', (t) => [`Authorization: Bearer\xa0${t}`]],
    ['a no-break space behind', (t) => [`Authorization: Bearer ${t}\xa0`]],
    ['quotes', (t) => [`Authorization: Bearer "${t}"`]],
    ['a name', (t) => [`Authorization: Bearer token="${t}"`]],
    ['something behind', (t) => [`Authorization: Bearer ${t} x`]],
    ['a comma behind', (t) => [`Authorization: Bearer ${t},`]],
    ['a semicolon behind', (t) => [`Authorization: Bearer ${t};`]],
    ['a space inside', (t) => [`Authorization: Bearer ${t.slice(0, 40)} ${t.slice(40)}`]],
    ['itself in the same header', (t) => [`Authorization: Bearer ${t}, Bearer ${t}`]],
    ['itself in a second header', (t) => [`Authorization: Bearer ${t}`, `Authorization: Bearer ${t}`]],
    ['another header before', (t) => ['Authorization: Basic eDp5', `Authorization: Bearer ${t}`]],
    ['another header behind', (t) => [`Authorization: Bearer ${t}`, 'aUTHORIZATION: Basic eDp5']],
    ['an empty header before', (t) => ['Authorization:', `Authorization: Bearer ${t}`]],
    ['another name', (t) => [`X-Authorization: Bearer ${t}`]],
    ['the name with an underscore', (t) => [`Authorization_: Bearer ${t}`]],
    ["the proxy's name", (t) => [`Proxy-Authorization: Bearer ${t}`]],
    ["the answer's name", (t) => [`access_token: ${t}`]],
    ['a name of others', (t) => [`X-Access-Token: ${t}`, `X-Auth-Token: ${t}`]],
    ['a cookie', (t) => [`Cookie: access_token=${t}; token=${t}; jwt=${t}`]],
    ['another user named beside', () => ['X-User: 1', 'X-Forwarded-User: admin', 'Remote-User: admin']],
    ['14 kB for a token', () => [`Authorization: Bearer ${'a'.repeat(14_000)}`]],
    ['14 kB of commas', () => [`Authorization: Bearer ${','.repeat(14_000)}`]],
    ['14 kB of spaces', (t) => [`Authorization: Bearer ${' '.repeat(14_000)}${t}x`]],
  ])('refuses %s', async (_, headers) => {
    expectRefusal(await ask(headers(token)), path, 401, TOKEN_REFUSED);
  });

  it.each(['access_token', 'token', 'authorization', 'Authorization', 'jwt', 'auth_token'])(
    'takes no token from the query string or the body by the name %s',
    async (name) => {
      const form = `${name}=${token}`;
      expectRefusal(await ask([], `?${form}`), path, 401, TOKEN_REFUSED);
      const json = ['Content-Type: application/json'];
      expectRefusal(await ask(json, '', JSON.stringify({ [name]: token })), path, 401, TOKEN_REFUSED);
    },
  );

  it('takes no token from the trailer of a chunked body (RFC 9110 §6.5.1)', async () => {
    const headers = [
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
      'Trailer: Authorization',
    ];
    const body = `2\r\n{}\r\n0\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const bytes = Buffer.concat([requestBytes(`${method} ${path}`, headers), Buffer.from(body)]);
    expectRefusal((await exchange(app.url, bytes))[0], path, 401, TOKEN_REFUSED);
  });

  it.each([
    ['one header of 20 kB', () => [`Authorization: Bearer ${token}`, `X: ${'x'.repeat(20_000)}`]],
    ['a token of 20 kB', () => [`Authorization: Bearer ${'x'.repeat(20_000)}`]],
    [
      '10,000 headers of two bytes, the token first',
      () => [`Authorization: Bearer ${token}`, ...Array<string>(10_000).fill('a:')],
    ],
    [
      '10,000 headers of two bytes, the token last',
      () => [...Array<string>(10_000).fill('a:'), `Authorization: Bearer ${token}`],
    ],
  ])('answers 431 to %s', async (_, headers) => {
    expectRefusal(await ask(headers()), path, 431, 'Request Header Fields Too Large.');
  });
});

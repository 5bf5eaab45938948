import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { expectNoServerErrors, expectRefusal } from '../support/refusal.js';
import { exchange, requestBytes } from '../support/socket.js';

let app: TestApp;
let body: string;
beforeAll(async () => {
  app = await startApp();
  const { email } = await app.createUser();
  body = JSON.stringify({ email, password: PASSWORD });
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

const json = 'Content-Type: application/json';
const oneMegabyte = Buffer.alloc(1_000_000, ' ');

describe.each(['/v1/login', '/api/users/auth'])('POST %s', (path) => {
  const send = async (headers: string[], content: string | Buffer = body) =>
    (await exchange(app.url, requestBytes(`POST ${path}`, headers, content)))[0];

  it.each([
    ['application/json'],
    ['APPLICATION/Json'],
    ['application/json; charset=utf-8'],
    ['application/json;charset="UTF-8"'],
    ['application/json ; x=y'],
  ])('reads a body of type %s, or the refusals below would mean nothing', async (type) => {
    expect((await send([`Content-Type: ${type}`]))?.status).toBe(200);
    expect((await send([`Content-Type: ${type}`, 'Content-Encoding: identity']))?.status).toBe(200);
  });

  it.each([
    [[]],
    [['Content-Type:']],
    ...[
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain',
      'text/plain; application/json',
      'text/json',
      'text/html',
      'application/jsonp',
      'application/xjson',
      'application/javascript',
      'application/xml',
      'application/octet-stream',
      'application/vnd.api+json',
      'application/json-patch+json',
      'application/json, text/plain',
      'application/json/x',
      'application /json',
      'application',
      'json',
      '*/*',
      '/',
      ';',
      '; charset=utf-8',
      '__proto__',
      'constructor',
      'toString',
      '\xe9/\xff',
      `application/${'j'.repeat(500)}`,
    ].map((type) => [[`Content-Type: ${type}`]]),
    [['Content-Type: text/plain', json]],
    [['X-Content-Type: application/json']],
  ])('answers 415 to a body with %j', async (headers) => {
    expectRefusal(await send(headers), path, 415, 'Unsupported Media Type.');
  });

  it.each<[string, () => Buffer | string]>([
    ['gzip', () => gzipSync(body)],
    ['x-gzip', () => gzipSync(body)],
    ['deflate', () => deflateSync(body)],
    ['br', () => brotliCompressSync(body)],
    ['gzip, identity', () => gzipSync(body)],
    ['gzip', () => body],
    ['gzip', () => gzipSync(oneMegabyte, { level: 9 })],
    ['aes128gcm', () => body],
    ['', () => body],
    ['__proto__', () => body],
  ])('answers 415 to a body in the coding %j, and never unpacks it', async (coding, content) => {
    expectRefusal(
      await send([json, `Content-Encoding: ${coding}`], content()),
      path,
      415,
      'Unsupported Media Type.',
    );
  });

  it.each([
    ['a form', 'application/x-www-form-urlencoded', 'email=user1%40example.com&password=x'],
    [
      'a multipart form',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="email"\r\n\r\nx\r\n--b--',
    ],
    ['nothing', 'text/plain', ''],
  ])('%s of a GET, HEAD, PUT or DELETE changes nothing about their answer', async (_, type, content) => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'GET']) {
      const bytes = requestBytes(`${method} ${path}`, [`Content-Type: ${type}`], content);
      const [answer] = await exchange(app.url, bytes);
      expectRefusal(answer, path, 405, 'Method Not Allowed.');
      expect(answer?.headers.get('allow')).toBe('POST');
    }
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { post } from '../support/http.js';
import { BAD_JSON, expectNoServerErrors, expectRefusal, LOGIN_REFUSED } from '../support/refusal.js';
import { exchange, requestBytes } from '../support/socket.js';

const LIMIT = 16_384;
const EMAIL_REQUIRED = 'The email field is required.';
const json = ['Content-Type: application/json'];

let app: TestApp;
let good: string;
beforeAll(async () => {
  app = await startApp();
  const { email } = await app.createUser();
  good = JSON.stringify({ email, password: PASSWORD });
});
afterEach(() => {
  const polluted = {} as Record<string, unknown>;
  for (const name of ['polluted', 'role', 'email', 'isAdmin']) expect(polluted[name]).toBeUndefined();
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

/** `text`, made `length` bytes long inside its last member. */
const padded = (text: string, length: number) =>
  `${text.slice(0, -1)},"p":"${'p'.repeat(length - Buffer.byteLength(text) - 7)}"}`;
const nested = (open: string, close: string, depth: number, within = '') =>
  open.repeat(depth) + within + close.repeat(depth);
const bytes = (...values: number[]) => Buffer.from(values);
const around = (content: Buffer) => Buffer.concat([Buffer.from('{"email":"'), content, Buffer.from('"}')]);
const chunked = (path: string, text: string) =>
  Buffer.concat([
    requestBytes(`POST ${path}`, [...json, 'Transfer-Encoding: chunked']),
    Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`),
  ]);

describe.each(['/v1/login', '/api/users/auth'])('POST %s', (path) => {
  it('lets a good body in, or the refusals below would mean nothing', async () => {
    expect((await post(app.url + path, good)).status).toBe(200);
    expect((await post(app.url + path, `\ufeff${good}`)).status).toBe(200);
  });

  it.each<[string, string | Buffer]>([
    ['white space', ' \n '],
    ['its end missing', '{"email":"a@b.io"'],
    ['something behind', '{}{}'],
    ['a comma too many', '{"email":1,}'],
    ['a comment', '{/**/}'],
    ['single quotes', "{'email':1}"],
    ['NaN', '{"email":NaN}'],
    ['a hexadecimal number', '{"email":0x10}'],
    ['a NUL', '{"email":"\0"}'],
    ['a tab in a string', '{"email":"\t"}'],
    ['a NUL behind', '{}\0'],
    ['a form', 'email=a%40b.io&password=x'],
    ['XML', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'],
    ['bytes that are no UTF-8', around(bytes(0xff))],
    ['a character cut in two', around(bytes(0xc3))],
    ['an overlong NUL', around(bytes(0xc0, 0x80))],
    ['a surrogate in UTF-8', around(bytes(0xed, 0xa0, 0x80))],
    ['UTF-16', Buffer.from('{"email":"a@b.io"}', 'utf16le')],
    ['33 arrays in each other', nested('[', ']', 33)],
    ['8,000 arrays in each other', nested('[', ']', 8_000)],
    ['2,700 objects in each other', nested('{"a":', '}', 2_700, '1')],
    ['16,000 open brackets', '['.repeat(16_000)],
    ['16,000 closed brackets', ']'.repeat(16_000)],
    ['__proto__', '{"__proto__":{"polluted":1,"email":"a@b.io"}}'],
    ['__proto__ in escapes', '{"\\u005f_proto\\u005f\\u005F":{"polluted":1}}'],
    ['__proto__ inside', '{"email":{"__proto__":{"polluted":1}}}'],
    ['__proto__ in an array', '[{"__proto__":{"polluted":1}}]'],
    ['constructor.prototype', '{"constructor":{"prototype":{"polluted":1}}}'],
    ['constructor.prototype inside', '{"x":[{"constructor":{"prototype":{"role":"admin"}}}]}'],
  ])('answers 400 to %s', async (_, body) => {
    expectRefusal(await post(app.url + path, body), path, 400, BAD_JSON);
  });

  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['true', 'true'],
    ['a number', '1e999'],
    ['a string', '"email"'],
    ['an array', `[{"email":"a@b.io","password":"x"}]`],
    ['32 arrays in each other', nested('[', ']', 32)],
    ['brackets in a string', JSON.stringify({ x: '['.repeat(8_000) })],
    ['a quoted quote before brackets', JSON.stringify({ x: `\\"${'['.repeat(100)}` })],
    ['1,500 keys', JSON.stringify(Object.fromEntries(Array.from({ length: 1_500 }, (_, i) => [`k${i}`, 0])))],
    ['1,000 times the same key', `{${Array<string>(1_000).fill('"email":null').join()}}`],
    ['a constructor', '{"constructor":1,"x":{"constructor":"x"},"y":[{"constructor":{"name":"Map"}}]}'],
    ["Object's own names", '{"toString":1,"valueOf":1,"hasOwnProperty":1,"then":1,"length":-1,"toJSON":1}'],
    ['dotted and bracketed names', '{"user.email":"a@b.io","email[]":"a@b.io","email[$ne]":"x"}'],
    ['other cases of the names', '{"Email":"a@b.io","PASSWORD":"x"," email":"a@b.io"}'],
    ['look-alikes of the names', '{"emaıl":"a@b.io","раssword":"x"}'],
  ])('finds no credentials in %s', async (_, body) => {
    expectRefusal(
      await post(app.url + path, body, { 'content-type': 'application/json' }),
      path,
      400,
      EMAIL_REQUIRED,
    );
  });

  it.each([
    ['toString', '{"toString":"a@b.io","valueOf":1}'],
    ['constructor', '{"constructor":"x"}'],
    ['then', '{"then":1}'],
    ['length', '{"length":3,"0":"a"}'],
    ['toJSON', '{"toJSON":1,"isMongoId":1,"__type":"x"}'],
    ['nothing', '{}'],
  ])('takes an object with %s for no string', async (_, object) => {
    const answer = await post(app.url + path, `{"email":${object},"password":${object},"code":${object}}`);
    expectRefusal(answer, path, 400, 'The email field must be a string.');
  });

  it('takes the last of several members of one name, and only that one', async () => {
    const { email } = JSON.parse(good) as { email: string };
    const last = (text: string) => post(app.url + path, good.replace('{', text));
    expect((await last('{"email":"x","password":1,')).status).toBe(200);
    const answer = await post(app.url + path, good.replace('}', ',"password":"wrong"}'));
    expectRefusal(answer, path, 401, LOGIN_REFUSED);
    expect((await last(`{"email":"${email}",`)).status).toBe(200);
  });

  it('takes a body of 16 KiB and not one byte more', async () => {
    expect((await post(app.url + path, padded(good, LIMIT))).status).toBe(200);
    expect((await exchange(app.url, chunked(path, padded(good, LIMIT))))[0]?.status).toBe(200);
    const tooLarge = padded(good, LIMIT + 1);
    expectRefusal(await post(app.url + path, tooLarge), path, 413, 'Payload Too Large.');
    expectRefusal((await exchange(app.url, chunked(path, tooLarge)))[0], path, 413, 'Payload Too Large.');
  });

  it('refuses 10 MB before they have come, and 40,000 keys', async () => {
    const announced = requestBytes(`POST ${path}`, [...json, 'Content-Length: 10000000']);
    expectRefusal((await exchange(app.url, announced))[0], path, 413, 'Payload Too Large.');
    const keys = JSON.stringify(Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`k${i}`, i])));
    expectRefusal(await post(app.url + path, keys), path, 413, 'Payload Too Large.');
  });
});

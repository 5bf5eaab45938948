import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { post } from '../support/http.js';

const email = 'a@x.io';
// Stands in every refused value: an answer that holds it has echoed one.
const canary = 'c4n4ry';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await app.createUser(email);
});
afterAll(() => app.close());

/** The refusal in the words of the path's contract; `details` are told in `v1.spec.ts`. */
function refusal(path: string, message: string): Record<string, unknown> {
  if (path.startsWith('/api/')) return { message };
  return {
    timestamp: expect.any(String),
    message,
    path,
    request_id: expect.any(String),
    details: expect.anything(),
  };
}

const text = (field: string) => `The ${field} field must be a string.`;
const address = 'The email field must be a valid email address.';
const digits = 'The code field must be 6 digits.';
const character = 'The password field contains an invalid character.';
const operators = { $ne: null, type: 'like', [canary]: canary };

describe.each(['/v1/login', '/api/users/auth'])('POST %s', (path) => {
  const send = (body: unknown, headers?: Record<string, string>) => post(app.url + path, body, headers);

  it.each<[string, string, Record<string, unknown>]>([
    ['a number as e-mail', text('email'), { email: 1 }],
    ['a boolean as e-mail', text('email'), { email: true }],
    ['an array as e-mail', text('email'), { email: [email] }],
    ['an object as e-mail', text('email'), { email: operators }],
    ['a number as password', text('password'), { password: 1 }],
    ['a boolean as password', text('password'), { password: false }],
    ['an array as password', text('password'), { password: [PASSWORD] }],
    ['an object as password', text('password'), { password: operators }],
    ['a number as code', text('code'), { code: 123456 }],
    ['an array as code', text('code'), { code: ['123456'] }],
    ['an object as code', text('code'), { code: operators }],
    ['no e-mail', 'The email field is required.', { email: undefined }],
    ['an empty e-mail', 'The email field is required.', { email: '' }],
    ['no password', 'The password field is required.', { password: undefined }],
    ['an empty password', 'The password field is required.', { password: '' }],
    [
      'an e-mail of 255 characters',
      address,
      { email: `${canary}@${`${'d'.repeat(49)}.`.repeat(5)}io`.padEnd(255, 'x') },
    ],
    ['an e-mail of 15 kB', address, { email: `${canary.repeat(2500)}@x.io` }],
    ['an e-mail without @', address, { email: canary }],
    ['an e-mail of two', address, { email: `${canary}@x.io,a@x.io` }],
    ['an e-mail in angle brackets', address, { email: `${canary} <a@x.io>` }],
    ['an e-mail with a space before', address, { email: ` ${email}` }],
    ['an e-mail with a space behind', address, { email: `${email} ` }],
    ['an e-mail with a line break', address, { email: `${email}\n` }],
    ['an e-mail with a letter beyond ASCII', address, { email: `${canary}ä@x.io` }],
    ['an e-mail with a Kelvin sign', address, { email: '\u212A@x.io' }],
    ['an e-mail with a zero-width space', address, { email: 'a\u200B@x.io' }],
    ['an e-mail with a zero-width no-break space', address, { email: '\uFEFFa@x.io' }],
    ['an e-mail with a bidi override', address, { email: 'a\u202E@x.io' }],
    ['an e-mail with a lone surrogate', address, { email: 'a\uD800@x.io' }],
    ['an e-mail with a NUL', address, { email: 'a\0@x.io' }],
    ['a password with a NUL', character, { password: `${PASSWORD}\0${canary}` }],
    ['a password with a lone surrogate', character, { password: `${canary}\uDC00` }],
    ['a code of 5 digits', digits, { code: '12345' }],
    ['a code of 7 digits', digits, { code: '1234567' }],
    ['a code with a space', digits, { code: ' 12345' }],
    ['a code with a line break', digits, { code: '123456\n' }],
    ['a code with a letter', digits, { code: '81804x' }],
    ['a code with a NUL', digits, { code: '12345\0' }],
    ['a code in full-width digits', digits, { code: '１２３４５６' }],
    ['a code of 10 kB', digits, { code: canary.repeat(1500) }],
  ])('answers 400 to %s', async (_, message, fields) => {
    const answer = await send({ email, password: PASSWORD, ...fields });
    expect([answer.status, answer.body]).toEqual([400, refusal(path, message)]);
    expect(answer.text).not.toContain(canary);
  });

  it.each(['A@X.io', 'a@X.IO', 'A@x.io'])('takes %s for the account a@x.io', async (spelling) => {
    const answer = await send({ email: spelling, password: PASSWORD });
    expect([answer.status, answer.text.includes(`"email":"${email}"`)]).toEqual([200, true]);
  });

  const json = 'The request body is not valid JSON.';
  const deep = (open: string, close: string) => `{"email":${open.repeat(4000)}1${close.repeat(4000)}}`;
  it.each<[string, number, string, string | Uint8Array]>([
    ['null', 400, 'The email field is required.', 'null'],
    ['an array', 400, 'The email field is required.', `[{"email":"${email}","password":"${PASSWORD}"}]`],
    ['a string', 400, 'The email field is required.', `"${canary}"`],
    ['a number', 400, 'The email field is required.', '1'],
    ['nothing', 400, 'The email field is required.', ''],
    ['broken JSON', 400, json, `{"email":"${canary}`],
    ['two documents', 400, json, '{}{}'],
    ['invalid UTF-8', 400, json, Buffer.from(`{"email":"${email}","password":"\xff${canary}"}`, 'latin1')],
    ['UTF-16', 400, json, Buffer.from(`{"email":"${email}"}`, 'utf16le')],
    ['arrays nested 4,000 deep', 400, json, deep('[', ']')],
    ['16 KiB of open brackets', 400, json, '['.repeat(16_384)],
    ['10,000 nested arrays', 413, 'Payload Too Large.', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
    ['one byte over 16 KiB', 413, 'Payload Too Large.', `{}${' '.repeat(16_383)}`],
    ['10 MB', 413, 'Payload Too Large.', `{"password":"${'x'.repeat(10_000_000)}"}`],
    ['__proto__', 400, json, `{"email":"${email}","__proto__":{"${canary}":1}}`],
    ['an escaped __proto__', 400, json, `{"email":"${email}","\\u005f_proto__":{"password":"${canary}"}}`],
    ['constructor.prototype', 400, json, `{"constructor":{"prototype":{"${canary}":1}}}`],
  ])('answers a body of %s quickly, with %i', async (_, status, message, body) => {
    const begin = performance.now();
    const answer = await send(body);
    expect(performance.now() - begin).toBeLessThan(1_500);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ message });
    expect(answer.text).not.toContain(canary);
    expect(({} as Record<string, unknown>)[canary]).toBeUndefined();
  });

  it('takes a body of exactly 16 KiB', async () => {
    const body = JSON.stringify({ email, password: PASSWORD });
    const answer = await send(body + ' '.repeat(16_384 - Buffer.byteLength(body)));
    expect(answer.status).toBe(200);
  });

  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a multipart form', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['text', { 'content-type': 'text/plain' }],
    ['text that calls itself JSON', { 'content-type': 'text/json' }],
    ['a JSON dialect', { 'content-type': 'application/vnd.api+json' }],
    ['a type that is none', { 'content-type': 'json' }],
    ['no type', { 'content-type': '' }],
    ['gzip', { 'content-encoding': 'gzip' }],
    ['brotli', { 'content-encoding': 'br' }],
  ])('answers 415 to %s', async (_, headers) => {
    const answer = await send(JSON.stringify({ email, password: PASSWORD, canary }), headers);
    expect(answer.status).toBe(415);
    expect(answer.body).toMatchObject({ message: 'Unsupported Media Type.' });
    expect(answer.text).not.toContain(canary);
  });

  it('takes JSON whatever the case and parameters of its type', async () => {
    const headers = { 'content-type': 'Application/JSON; charset=UTF-8', 'content-encoding': 'identity' };
    expect((await send({ email, password: PASSWORD }, headers)).status).toBe(200);
  });
});

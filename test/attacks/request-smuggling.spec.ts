import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { expectNoServerErrors, expectRefusal } from '../support/refusal.js';
import { exchange } from '../support/socket.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

/** A request of one's own that a proxy in front is not to see. */
const smuggled = 'GET /v1/smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const request = (path: string, headers: string, rest: string, version = '1.1') =>
  `POST ${path} HTTP/${version}\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n\r\n${rest}`;

describe.each(['/v1/login', '/api/users/auth', '/v1/refresh-token', '/v1/nothing'])('POST %s', (path) => {
  it('is answered request by request on one connection, or the refusals below would mean nothing', async () => {
    const received = await exchange(app.url, request(path, 'Content-Length: 2', `{}${smuggled}`));
    expect(received).toHaveLength(2);
    expectRefusal(received[1], '/v1/smuggled', 404, 'Not Found.');
  });

  it.each([
    ['both lengths', 'Content-Length: 4\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`],
    [
      'both lengths, the other way round',
      'Transfer-Encoding: chunked\r\nContent-Length: 4',
      `0\r\n\r\n${smuggled}`,
    ],
    ['no length and both', 'Content-Length: 0\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`],
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3', `{}${smuggled}`],
    ['the same length twice', 'Content-Length: 2\r\nContent-Length: 2', `{}${smuggled}`],
    ['a list of lengths', 'Content-Length: 2, 2', `{}${smuggled}`],
    ...['+2', '-2', '0x2', '2.0', '2e0', '2 2', '1_0', '', '½', '99999999999999999999999'].map((length) => [
      `a length of ${JSON.stringify(length)}`,
      `Content-Length: ${length}`,
      `{}${smuggled}`,
    ]),
    ...[
      'xchunked',
      'chunked, identity',
      'chunked, chunked',
      'identity',
      '\x0bchunked',
      'chunked\x0b',
      '"chunked"',
      'chunk',
    ].map((coding) => [
      `a coding of ${JSON.stringify(coding)}`,
      `Transfer-Encoding: ${coding}`,
      `2\r\n{}\r\n0\r\n\r\n${smuggled}`,
    ]),
    ['two codings', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', `0\r\n\r\n${smuggled}`],
    ['a space before the colon', 'Transfer-Encoding : chunked', `0\r\n\r\n${smuggled}`],
    ['a tab before the colon', 'Content-Length\t: 2', `{}${smuggled}`],
    ['a space before the name', ' Transfer-Encoding: chunked', `0\r\n\r\n${smuggled}`],
    ['a folded line', 'X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 2', `{}${smuggled}`],
    ['a folded length', 'Content-Length:\r\n 2', `{}${smuggled}`],
    ['a bare CR', 'X: a\rContent-Length: 2\r\nContent-Length: 0', smuggled],
    ['a bare LF', 'X: a\nContent-Length: 2\r\nContent-Length: 0', smuggled],
    ['a NUL in a header', 'X: a\0b\r\nContent-Length: 2', `{}${smuggled}`],
    ['a NUL in a name', 'X\0Y: a\r\nContent-Length: 2', `{}${smuggled}`],
    ['a header without a name', ': a\r\nContent-Length: 2', `{}${smuggled}`],
    ['a header without a colon', 'Xyz\r\nContent-Length: 2', `{}${smuggled}`],
    ...['-2', '+2', '0x2', ' 2', '2 ', '', 'g', 'ffffffffffffffffff', '2\r'].map((size) => [
      `a chunk of size ${JSON.stringify(size)}`,
      'Transfer-Encoding: chunked',
      `${size}\r\n{}\r\n0\r\n\r\n${smuggled}`,
    ]),
    ['a chunk longer than it says', 'Transfer-Encoding: chunked', `1\r\n{}\r\n0\r\n\r\n${smuggled}`],
    ['chunks ended by bare LF', 'Transfer-Encoding: chunked', `2\n{}\n0\n\n${smuggled}`],
    ['a bare LF in a chunk extension', 'Transfer-Encoding: chunked', `2;\nxx\r\n{}\r\n0\r\n\r\n${smuggled}`],
    ['a trailer with a folded line', 'Transfer-Encoding: chunked', `0\r\nX: a\r\n b\r\n\r\n${smuggled}`],
  ])('with %s is answered 400, once, and the connection closed', async (_, headers = '', rest = '') => {
    const received = await exchange(app.url, request(path, headers, rest));
    expect(received).toHaveLength(1);
    expectRefusal(received[0], path, 400, 'Bad Request.');
    expect(received[0]?.headers.get('connection')).toBe('close');
  });
});

import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { post } from '../support/http.js';
import { open } from '../support/socket.js';

const PIECE = 65_536;
/** Many times what two kernels hold of a body that nobody reads. */
const MOST = 256 * 2 ** 20;

let t: TestApp;
beforeAll(async () => {
  t = await startApp({
    env: { LOGINS_PER_MINUTE_PER_ADDRESS: '1', CORS_ORIGINS: 'https://app.example.com' },
  });
  await post(`${t.url}/v1/login`, { email: 'a@example.com', password: PASSWORD });
});
afterAll(() => t.close());

describe.each([
  ['of a length without end', 'Content-Length: 50000000000', ''],
  ['in chunks', 'Transfer-Encoding: chunked', `${PIECE.toString(16)}\r\n`],
])('a body that nobody looks at, %s', (_, header, before) => {
  it.each([
    ['POST /v1/login, over its limit', 429],
    // Chunks are read, as far as any body is.
    ['POST /v1/refresh-token', before ? 413 : 401],
    ['POST /v1/nothing', before ? 413 : 404],
    ['PUT /v1/login', before ? 413 : 405],
    ['GET /healthz', 200],
    ['HEAD /healthz', 200],
    ['GET /.well-known/jwks.json', 200],
    ['GET /docs', 200],
    ['OPTIONS /v1/login', 204],
  ])('is not read: %s', async (asked, status) => {
    const socket = await open(t.url);
    let answer = '';
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    socket.on('error', () => undefined);
    const ended = once(socket, 'close').catch(() => undefined);
    const [line = ''] = asked.split(', ');
    socket.write(`${line} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${header}\r\n\r\n`);
    const piece = Buffer.from(before + 'x'.repeat(PIECE) + (before && '\r\n'));
    let sent = 0;
    for (; sent < MOST && !socket.destroyed; sent += PIECE)
      if (!socket.write(piece)) await Promise.race([once(socket, 'drain').catch(() => undefined), ended]);
    socket.destroy();
    await ended;
    expect(sent).toBeLessThan(MOST);
    if (answer)
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*\\r\\nconnection: close\\r\\n`, 'i'));
  });
});

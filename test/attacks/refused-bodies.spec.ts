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
  t = await startApp({ env: { LOGINS_PER_MINUTE_PER_ADDRESS: '1' } });
  await post(`${t.url}/v1/login`, { email: 'a@example.com', password: PASSWORD });
});
afterAll(() => t.close());

describe.each([
  ['of a length without end', 'Content-Length: 50000000000', ''],
  ['in chunks', 'Transfer-Encoding: chunked', `${PIECE.toString(16)}\r\n`],
])('the body of a login that is over its limit, %s', (_, header, before) => {
  it('is not read', async () => {
    const socket = await open(t.url);
    let answer = '';
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    socket.on('error', () => undefined);
    const ended = once(socket, 'close').catch(() => undefined);
    socket.write(`POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${header}\r\n\r\n`);
    const piece = Buffer.from(before + 'x'.repeat(PIECE) + (before && '\r\n'));
    let sent = 0;
    for (; sent < MOST && !socket.destroyed; sent += PIECE)
      if (!socket.write(piece)) await Promise.race([once(socket, 'drain').catch(() => undefined), ended]);
    socket.destroy();
    await ended;
    expect(sent).toBeLessThan(MOST);
    if (answer) expect(answer).toMatch(/^HTTP\/1\.1 429 .*\r\n/);
  });
});

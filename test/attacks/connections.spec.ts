import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, send } from '../support/http.js';
import { expectNoServerErrors, expectRefusal, LOGIN_REFUSED } from '../support/refusal.js';
import { answers, exchange, open, requestBytes } from '../support/socket.js';

let app: TestApp;
let email: string;
let unread: Socket[];
beforeAll(async () => {
  app = await startApp({ env: { LOGIN_QUEUE_MAX_WAIT_MS: '5000' } });
  ({ email } = await app.createUser());
  unread = await Promise.all(Array.from({ length: 20 }, () => open(app.url)));
  for (const socket of unread) {
    socket.pause();
    socket.write('GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20));
  }
});
afterAll(async () => {
  for (const socket of unread) socket.destroy();
  await app.close();
  expectNoServerErrors(app);
});

const head = (path: string, ...headers: string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', ...headers, '', ''].join('\r\n');
const unfinished = (path: string) => head(path).slice(0, -2);
const wrongPassword = (path: string) => {
  const body = JSON.stringify({ email, password: 'wrong' });
  return `${head(path, `Content-Length: ${body.length}`)}${body}`;
};

/** What comes of a client that sends `first` and then `drip` every 500 ms: the answers, and after how many seconds. */
async function crawl(
  first: string,
  drip = '',
): Promise<{ received: Awaited<ReturnType<typeof answers>>; seconds: number }> {
  const began = Date.now();
  const socket = await open(app.url);
  const received = answers(socket, 25_000);
  socket.write(first);
  const timer = setInterval(() => socket.write(drip), 500);
  try {
    return { received: await received, seconds: (Date.now() - began) / 1000 };
  } finally {
    clearInterval(timer);
  }
}

describe('slow clients', () => {
  it('are sent away, in words of the contract as far as their path is known, and hold up nobody', async () => {
    const [login1, users] = ['/v1/login', '/api/users/auth'];
    const length = 'Content-Length: 1000';
    const crawlers: [name: string, limit: number, paths: string[], ReturnType<typeof crawl>][] = [
      ['nothing', 10, ['/'], crawl('')],
      ['half a line', 10, ['/'], crawl('PO')],
      ['no end of the headers', 10, ['/'], crawl(unfinished(login1))],
      ['a header every 500 ms', 10, ['/'], crawl(unfinished(users), 'a: b\r\n')],
      ['no body', 15, [login1], crawl(head(login1, length))],
      ['a byte every 500 ms', 15, [users], crawl(head(users, length), 'x')],
      ['a chunk every 500 ms', 15, [users], crawl(head(users, 'Transfer-Encoding: chunked'), '1\r\nx\r\n')],
      ['half a second request', 10, [users, '/'], crawl(wrongPassword(users) + unfinished(users))],
    ];
    const began = Date.now();
    await login(app.url, email, PASSWORD);
    expect(Date.now() - began).toBeLessThan(5_000);
    for (const [name, limit, paths, crawling] of crawlers) {
      const { received, seconds } = await crawling;
      expect([name, received.length]).toEqual([name, paths.length]);
      expectRefusal(received.at(-1), paths.at(-1) ?? '', 408, 'Request Timeout.');
      // Node looks every two seconds.
      expect([name, seconds >= limit - 0.5 && seconds <= limit + 4]).toEqual([name, true]);
    }
  }, 30_000);

  it('get one answer where nobody waits for their body', async () => {
    const length = 'Content-Length: 1000';
    const get = head('/v1/login', length).replace('POST', 'GET');
    const [absent, wrong, ignored] = await Promise.all([
      crawl(head('/v1/nothing', length), 'x'),
      crawl(get, 'x'),
      crawl(head('/v1/refresh-token', length), 'x'),
    ]);
    const statuses = [absent, wrong, ignored].map(({ received }) => received.map(({ status }) => status));
    expect(statuses).toEqual([[404], [405], [401]]);
  }, 30_000);

  it('leave room: with 2,000 idle connections a login is answered at once', async () => {
    const idle: Socket[] = [];
    for (let i = 0; i < 20; i += 1)
      idle.push(...(await Promise.all(Array.from({ length: 100 }, () => open(app.url)))));
    const began = Date.now();
    const token = await login(app.url, email, PASSWORD);
    expect((await send(`${app.url}/api/films`, { headers: bearer(token) })).status).toBe(200);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(idle.filter(({ readyState }) => readyState === 'open')).toHaveLength(2_000);
    for (const socket of idle) socket.destroy();
  });
});

describe('a client that leaves', () => {
  const stages: [string, () => string][] = [
    ['before it says anything', () => ''],
    ['in the middle of the headers', () => unfinished('/v1/login')],
    ['before the body', () => head('/v1/login', 'Content-Length: 1000')],
    ['in the middle of the body', () => `${head('/api/users/auth', 'Content-Length: 1000')}{"email":"`],
    ['in the middle of a chunk', () => `${head('/v1/login', 'Transfer-Encoding: chunked')}ff\r\n{`],
    ['in the middle of a body that nobody reads', () => `${head('/v1/refresh-token', 'Content-Length: 9')}x`],
    ['before the answer', () => wrongPassword('/v1/login')],
    ['before the answers', () => wrongPassword('/v1/login').repeat(5)],
  ];
  const ways: [string, (socket: Socket) => unknown][] = [
    ['closes', (socket) => socket.end()],
    ['is gone', (socket) => socket.destroy()],
    ['resets', (socket) => socket.resetAndDestroy()],
  ];

  it.each(stages.flatMap(([when, bytes]) => ways.map(([how, leave]) => [when, how, bytes, leave] as const)))(
    '%s (%s) does the server no harm, and is no failure of the server',
    async (_, __, bytes, leave) => {
      const before = app.logs.length;
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const socket = await open(app.url);
          const closed = once(socket, 'close');
          await new Promise((resolve) => socket.write(bytes(), resolve));
          leave(socket);
          socket.resume();
          await closed;
        }),
      );
      await login(app.url, email, PASSWORD);
      const failures = app.logs
        .slice(before)
        .filter(({ level, status }) => Number(level) >= 40 || Number(status) >= 500);
      expect(failures).toEqual([]);
    },
  );
});

describe('what a client has left behind', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;

  it('is forgotten: whoever never waits for an answer does not fill the memory', async () => {
    const asked: WeakRef<ServerResponse>[] = [];
    const note = (_: unknown, response: ServerResponse) => asked.push(new WeakRef(response));
    const server = app.app.getHttpServer();
    server.on('request', note);
    for (let i = 0; i < 20; i += 1) {
      const socket = await open(app.url);
      await new Promise((resolve) => socket.write(wrongPassword('/v1/login').repeat(5), resolve));
      socket.destroy();
    }
    await login(app.url, email, PASSWORD);
    server.off('request', note);
    const left = () => asked.filter((response) => response.deref()).length;
    for (let tries = 0; tries < 20 && left() > 1; tries += 1) {
      await sleep(100);
      collectGarbage();
    }
    expect(asked.length).toBeGreaterThan(20);
    // The last one's connection is kept alive.
    expect(left()).toBeLessThanOrEqual(1);
  });
});

describe('200 requests on a connection whose answers nobody reads', () => {
  const openFiles = () => readdirSync('/proc/self/fd').length;

  it('hold no more than one answer of a connection at a time, and nothing once the client has left', async () => {
    const before = openFiles();
    const sockets = await Promise.all([1, 2, 3, 4, 5].map(() => open(app.url)));
    const asked = 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200);
    for (const socket of sockets) {
      socket.pause();
      socket.write(asked);
    }
    await sleep(1_000);
    // Of each connection both ends, and the file that is being sent.
    expect(openFiles() - before).toBeLessThanOrEqual(3 * sockets.length);
    for (const socket of sockets) socket.destroy();
    for (let tries = 0; tries < 20 && openFiles() > before; tries += 1) await sleep(100);
    expect(openFiles()).toBeLessThanOrEqual(before);
  });
});

describe('requests on one connection', () => {
  it('are answered in their order, 200 sent at once', async () => {
    const targets = Array.from({ length: 200 }, (_, i) =>
      i % 3 === 0 ? wrongPassword('/v1/login') : head(`/v1/${i}`),
    );
    const received = await exchange(
      app.url,
      `${targets.slice(0, -1).join('')}${requestBytes('POST /v1/199').toString()}`,
      10_000,
    );
    expect(received).toHaveLength(200);
    received.forEach((answer, i) => {
      if (i % 3 === 0) expectRefusal(answer, '/v1/login', 401, LOGIN_REFUSED);
      else expectRefusal(answer, `/v1/${i}`, 404, 'Not Found.');
    });
  });

  it('are too many where thousands come before the first is answered', async () => {
    let asked = 0;
    const note = () => (asked += 1);
    app.app.getHttpServer().on('request', note);
    const socket = await open(app.url);
    const received = answers(socket);
    socket.write(wrongPassword('/v1/login') + 'GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100_000));
    await received;
    app.app.getHttpServer().off('request', note);
    expect(asked).toBeGreaterThan(200);
    // What the parser had at hand when it was too much.
    expect(asked).toBeLessThan(5_000);
  });

  it('are too many where those of all connections are thousands, and no more once their clients have left', async () => {
    const sockets = await Promise.all(Array.from({ length: 30 }, () => open(app.url)));
    const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
    // More than what two kernels hold of answers that nobody reads, and what waits behind them.
    const asked = [
      ['/docs/swagger-ui-bundle.js', 20],
      ['/v1/nothing', 230],
    ] as const;
    const bytes = asked
      .map(([path, times]) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(times))
      .join('');
    for (const socket of sockets) socket.pause().write(bytes);
    await sleep(1_000);
    for (const socket of sockets) socket.resume();
    await sleep(2_000);
    // There is room for those of sixteen or seventeen.
    const cutOff = sockets.filter(({ readyState }) => readyState !== 'open').length;
    for (const socket of sockets) socket.destroy();
    await closed;
    expect(cutOff).toBeGreaterThan(5);
    expect(cutOff).toBeLessThan(20);
    const targets = Array.from({ length: 199 }, (_, i) => head(`/v1/${i}`)).join('');
    expect(await exchange(app.url, targets + requestBytes('POST /v1/199').toString())).toHaveLength(200);
  });

  it('have a hundred headers at most', async () => {
    const headers = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: 1`);
    const ask = (count: number) => exchange(app.url, requestBytes('GET /healthz', headers(count)));
    const [few, many, more] = [await ask(90), await ask(101), await ask(2_500)];
    expect(few[0]?.status).toBe(200);
    for (const [answer] of [many, more])
      expectRefusal(answer, '/healthz', 431, 'Request Header Fields Too Large.');
  });

  it.each([
    [
      'headers that are too large',
      `GET /api/films HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'Request Header Fields Too Large.',
    ],
    ['what is no HTTP', 'GET /api/films HTTP/1.1\r\nno colon\r\n\r\n', 400, 'Bad Request.'],
  ])('that follow a good one are answered as the first would be: %s', async (_, bytes, status, sentence) => {
    const socket = await open(app.url);
    const received = answers(socket);
    socket.write(head('/v1/nothing'));
    await once(socket, 'data');
    socket.write(bytes);
    expectRefusal((await received)[1], '/api/films', status, sentence);
  });
});

describe('clients that never read their answers', () => {
  const connections = () =>
    new Promise<number>((resolve) => {
      app.app.getHttpServer().getConnections((_: unknown, count: number) => resolve(count));
    });

  it('hold their connections for less than a minute', async () => {
    expect(unread.filter(({ readyState }) => readyState === 'open')).toHaveLength(unread.length);
    // The one that others kept alive.
    for (let seconds = 0; seconds < 60 && (await connections()) > 1; seconds += 1) await sleep(1_000);
    expect(await connections()).toBeLessThanOrEqual(1);
  }, 65_000);
});

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { Public } from '../../src/auth/guards/public.decorator.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post, send } from '../support/http.js';
import { answers, open } from '../support/socket.js';

const fixtures = readFileSync(new URL('../fixtures/v1.json', import.meta.url), 'utf8');
interface Example {
  response: { status: number; body: { timestamp: string } };
}
const published = (JSON.parse(fixtures) as Record<string, Example>)['refresh, failed on our side']?.response;

const unavailable = (path: string) =>
  path.startsWith('/api/')
    ? { message: 'Service Unavailable.' }
    : {
        timestamp: expect.any(String),
        message: 'Service Unavailable.',
        path,
        request_id: expect.any(String),
      };

/** A line to a PostgreSQL server, for as long as it is not cut. */
async function lineTo(databaseUrl: string): Promise<{ url: string; cut: () => void }> {
  const url = new URL(databaseUrl);
  const target = { host: url.hostname, port: Number(url.port || 5432) };
  const ends: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(target);
    ends.push(near, far);
    for (const end of [near, far]) end.on('error', () => undefined);
    near.pipe(far).pipe(near);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cut = () => {
    server.close();
    for (const end of ends) end.destroy();
  };
  return { url: url.href, cut };
}

describe('with the database gone', () => {
  let database: TestDatabase;
  let app: TestApp;
  let token: string;

  beforeEach(async () => {
    database = await createDatabase();
    const line = database.databaseUrl === undefined ? undefined : await lineTo(database.databaseUrl);
    app = await startApp({ database, ...(line && { env: { DATABASE_URL: line.url } }) });
    const moment = Date.parse(published?.body.timestamp ?? '');
    app.clock.advance(Math.floor(moment / 1000) - Math.floor(app.clock.now() / 1000));
    await app.createUser('user@example.com');
    token = await login(app.url, 'user@example.com', PASSWORD);
    if (line) line.cut();
    // An embedded database is never out of reach; what happens to one is that nothing can be written any more.
    else await app.dataSource.query('PRAGMA query_only = ON');
  });
  afterEach(async () => {
    await app.close();
    await database.drop();
  });

  it('answers the published 500 to a refresh', async () => {
    const answer = await post(`${app.url}/v1/refresh-token`, undefined, bearer(token));
    const requestId = answer.headers.get('x-request-id');
    expect(requestId).toMatch(/^req_[0-9a-f]{8}$/);
    expect(answer.status).toBe(published?.status);
    expect(answer.text).toBe(JSON.stringify({ ...published?.body, request_id: requestId }));
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  const routes = [
    ['POST', '/v1/login'],
    ['POST', '/api/users/auth'],
    ...(process.env.TEST_DATABASE_URL ? [['GET', '/api/films']] : []),
  ] as [string, string][];
  it.each(routes)('answers 503 to %s %s, and when to come back', async (method, path) => {
    const body = JSON.stringify({ email: 'user@example.com', password: PASSWORD });
    const answer = await send(app.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...bearer(token) },
      ...(method === 'POST' && { body }),
    });
    expect([answer.status, answer.body]).toEqual([503, unavailable(path)]);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('x-request-id')).toBeTruthy();
  });
});

/** A request that is under way until the test lets it go. */
let letGo: () => void = () => undefined;
@Controller('slow')
class SlowController {
  @Public()
  @Get()
  wait(): Promise<string> {
    return new Promise((resolve) => (letGo = () => resolve('done')));
  }
}
@Module({ controllers: [SlowController] })
class SlowModule {}

it('answers 503, and when to come back, to requests that arrive while the server closes', async () => {
  const app = await startApp({ imports: [SlowModule] });
  const slow = send(`${app.url}/slow`);
  const requests = [];
  for (const path of ['/v1/login', '/v1/refresh-token', '/api/users/auth', '/nothing']) {
    const socket = await open(app.url);
    // The beginning of a request: a connection with nothing on it would be closed at once.
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n`);
    requests.push({ path, socket });
  }
  await send(`${app.url}/nothing`);
  const closed = app.close();
  while (await fetch(`${app.url}/nothing`).catch(() => false));
  for (const { path, socket } of requests) {
    socket.write('\r\n');
    const [answer] = await answers(socket);
    expect([answer?.status, answer?.body]).toEqual([503, unavailable(path)]);
    expect(answer?.headers.get('retry-after')).toBe('1');
    expect(answer?.headers.get('x-request-id')).toBeTruthy();
  }
  letGo();
  await closed;
  expect((await slow).status).toBe(200);
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, HttpException, Module, Param, Post, Put, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '../../src/auth/guards/public.decorator.js';
import { startApp, type TestApp } from '../support/app.js';
import { post, send, type Answer, type Outgoing } from '../support/http.js';
import { exchange } from '../support/socket.js';

/** A route under no contract's prefix that takes a body. */
@Controller('probe')
class ProbeController {
  @Public()
  @Post()
  take(@Body() body: unknown): unknown {
    return body;
  }
}
/** A module of one's own, which refuses in Nest's words. */
@Public()
@Controller(['v1/own', 'api/own', 'own'])
class OwnController {
  @Get(':status')
  read(@Param('status') status: string): never {
    throw new HttpException('in Nest’s words', Number(status));
  }
  @Put(':status')
  change(@Param('status') status: string, @Res({ passthrough: true }) reply: FastifyReply): never {
    void reply.header('retry-after', '30');
    throw new HttpException('in Nest’s words', Number(status));
  }
}
@Module({ controllers: [ProbeController, OwnController] })
class ProbeModule {}

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ imports: [ProbeModule] });
});
afterAll(() => app.close());

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Says what is wrong in the words of the path's contract, and nothing else. */
function expectRefusal({ status, text, headers }: Answer, path: string, expected: [number, string]): void {
  const body = JSON.parse(text) as Record<string, unknown>;
  expect([status, body.message]).toEqual(expected);
  expect(Object.keys(body)).toEqual(
    path.startsWith('/api/') ? ['message'] : ['timestamp', 'message', 'path', 'request_id'],
  );
  expect(headers.get('x-request-id')).toMatch(path === '/v1/refresh-token' ? /^req_[0-9a-f]{8}$/ : uuid);
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(headers.get('cache-control')).toBe('no-store');
  if (path.startsWith('/api/')) return;
  expect(body).toMatchObject({ path, request_id: headers.get('x-request-id') });
  expect(body.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
}

/** Sends bytes as they are; the one answer to them. */
async function sendRaw(bytes: string): Promise<Answer> {
  const received = await exchange(app.url, bytes);
  expect(received).toHaveLength(1);
  return received[0] as Answer;
}

describe.each([
  '/v1/nothing',
  '/api/nothing',
  '/nothing',
  '/',
  '/v1',
  '/V1/login',
  '/v1/login/',
  '/v1//login',
])('the unknown path %s', (path) => {
  it.each<[string, Outgoing]>([
    ['GET', {}],
    ['POST with JSON', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }],
    ['POST with broken JSON', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }],
    [
      'POST with a form',
      { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=b' },
    ],
    ['POST with a type that is none', { method: 'POST', headers: { 'content-type': ';' }, body: 'x' }],
    ['DELETE', { method: 'DELETE' }],
    ['OPTIONS', { method: 'OPTIONS' }],
  ])('answers 404 to %s', async (_, init) => {
    expectRefusal(await send(`${app.url}${path}?q=1`, init), path, [404, 'Not Found.']);
  });
});

describe.each([
  ['/v1/login', 'POST', ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']],
  ['/v1/refresh-token', 'POST', ['GET', 'PUT']],
  ['/api/users/auth', 'POST', ['GET', 'PUT']],
  ['/api/films', 'GET, HEAD', ['POST', 'PUT', 'DELETE']],
  ['/probe', 'POST', ['GET', 'DELETE']],
])('%s, which answers %s', (path, allow, others) => {
  it.each(others)('answers 405 to %s', async (method) => {
    const answer = await send(app.url + path, { method });
    expect(answer.headers.get('allow')).toBe(allow);
    if (method === 'HEAD') expect([answer.status, answer.text]).toEqual([405, '']);
    else expectRefusal(answer, path, [405, 'Method Not Allowed.']);
  });
});

describe.each(['/v1/own', '/api/own', '/own'])('a module of one’s own at %s', (prefix) => {
  const unauthenticated = prefix.startsWith('/api')
    ? 'Invalid credentials.'
    : 'Authentication credentials are required.';
  it.each<[number, string, Record<string, string>]>([
    [401, unauthenticated, { 'www-authenticate': 'Bearer' }],
    [403, 'This action is unauthorized.', {}],
    [404, 'Not Found.', {}],
    [405, 'Method Not Allowed.', { allow: 'HEAD, PUT' }],
    [429, 'Too Many Attempts.', { 'retry-after': '1' }],
    [500, 'An internal server error occurred. Please try again later.', {}],
    [503, 'Service Unavailable.', { 'retry-after': '1' }],
  ])('refuses with %i in the words of the contract', async (status, sentence, headers) => {
    const path = `${prefix}/${status}`;
    const answer = await send(app.url + path);
    expectRefusal(answer, path, [status, sentence]);
    expect(Object.fromEntries(answer.headers)).toMatchObject(headers);
  });

  it.each([429, 503])('says itself when to come back after a %i', async (status) => {
    const answer = await send(`${app.url}${prefix}/${status}`, { method: 'PUT' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, '30']);
  });
});

describe.each(['/v1/login', '/api/users/auth', '/probe'])('POST %s', (path) => {
  it.each<[string, [number, string], string, Record<string, string>]>([
    ['broken JSON', [400, 'The request body is not valid JSON.'], '{', {}],
    ['17 KiB', [413, 'Payload Too Large.'], `"${'x'.repeat(17_408)}"`, {}],
    ['text', [415, 'Unsupported Media Type.'], 'x', { 'content-type': 'text/plain' }],
    ['a type that is none', [415, 'Unsupported Media Type.'], '{}', { 'content-type': ';' }],
  ])('refuses %s', async (_, expected, body, headers) => {
    expectRefusal(await post(app.url + path, body, headers), path, expected);
  });

  it('refuses 17 KiB that come without a length', async () => {
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked`;
    const answer = await sendRaw(`${head}\r\n\r\n4400\r\n${'x'.repeat(0x4400)}\r\n0\r\n\r\n`);
    expectRefusal(answer, path, [413, 'Payload Too Large.']);
  });
});

describe.each(['/v1/login', '/v1/refresh-token', '/api/users/auth', '/api/films', '/probe'])(
  'the parser, asked for %s',
  (path) => {
    const bad: [number, string] = [400, 'Bad Request.'];
    it.each<[string, [number, string], string]>([
      ['a header that is none', bad, 'Host: x\r\nno header\r\n\r\n'],
      ['a space before the colon', bad, 'Host : x\r\n\r\n'],
      ['two lengths', bad, 'Host: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
      ['a length that is none', bad, 'Host: x\r\nContent-Length: x\r\n\r\n'],
      [
        'a length and chunks',
        bad,
        'Host: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      [
        '20 kB of headers',
        [431, 'Request Header Fields Too Large.'],
        `Host: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      ],
    ])('refuses %s', async (_, expected, head) => {
      expectRefusal(await sendRaw(`POST ${path}?q=1 HTTP/1.1\r\n${head}`), path, expected);
    });

    it('refuses a request that names no host', async () => {
      expectRefusal(await sendRaw(`POST ${path}?q=1 HTTP/1.1\r\nConnection: close\r\n\r\n`), path, bad);
    });
  },
);

it.each(['no request\r\n\r\n', 'GET\r\n\r\n', 'GET x HTTP/9\r\n\r\n', '\x16\x03\x01\x02\x00\x01\r\n'])(
  'answers the bytes %j as a bad request for /',
  async (bytes) => {
    expectRefusal(await sendRaw(bytes), '/', [400, 'Bad Request.']);
  },
);

it.each(['/v1/%', '/api/%zz', '/%c3%28'])(
  'answers the path %s, which cannot be decoded, as a bad request',
  async (path) => {
    const answer = await sendRaw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expectRefusal(answer, path, [400, 'Bad Request.']);
  },
);

it('meets an expectation that it does not know by not caring', async () => {
  const answer = await sendRaw(
    'GET /nothing HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\n\r\n',
  );
  expectRefusal(answer, '/nothing', [404, 'Not Found.']);
});

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login, post, send } from '../support/http.js';
import { refreshed } from '../support/tokens.js';

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, string> }[];
}
interface Body {
  resourceSpans: { resource: { attributes: object[] }; scopeSpans: { spans: Span[] }[] }[];
}

describe('traces', () => {
  let collector: Server;
  let t: TestApp;
  const received: { path: string | undefined; type: string | undefined; body: string }[] = [];

  beforeAll(async () => {
    collector = createServer((request, response) => {
      void text(request).then((body) => {
        received.push({ path: request.url, type: request.headers['content-type'], body });
        response.end('{}');
      });
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const { port } = collector.address() as AddressInfo;
    t = await startApp({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` } });
  });
  afterAll(() => {
    collector.closeAllConnections();
    collector.close();
  });

  it('go to the collector, a span for each request with its parts, and nothing that a client sent', async () => {
    const { email } = await t.createUser('c4n4ry@example.com');
    const token = await login(t.url, email, PASSWORD);
    const next = await refreshed(t.url, token);
    await post(`${t.url}/v1/login`, { email, password: 'c4n4ry wrong' });
    await send(`${t.url}/c4n4ry?c4n4ry=1`);
    // Closing sends what is left.
    await t.close();
    expect(received.map(({ path, type }) => [path, type])).toEqual(
      received.map(() => ['/v1/traces', 'application/json']),
    );
    const bodies = received.map(({ body }) => JSON.parse(body) as Body);
    const spans = bodies.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    );
    const requests = spans.filter(({ kind }) => kind === 2);
    expect(requests.map(({ name }) => name).sort()).toEqual([
      'GET none',
      'POST /v1/login',
      'POST /v1/login',
      'POST /v1/refresh-token',
    ]);
    for (const { traceId, spanId, startTimeUnixNano, endTimeUnixNano } of spans) {
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(spanId).toMatch(/^[0-9a-f]{16}$/);
      expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano)).toBe(true);
      expect(Math.abs(Number(startTimeUnixNano) / 1e6 - Date.now())).toBeLessThan(60_000);
    }
    const partsOf = (request: Span | undefined) =>
      spans.filter(({ parentSpanId }) => parentSpanId === request?.spanId).map(({ name }) => name);
    expect(partsOf(requests.find(({ name }) => name === 'POST /v1/login'))).toContain('verify password');
    expect(partsOf(requests.find(({ name }) => name === 'POST /v1/refresh-token'))).toContain(
      'database UPDATE',
    );
    const all = received.map(({ body }) => body).join('');
    for (const secret of ['c4n4ry', token, next, PASSWORD]) expect(all).not.toContain(secret);
    expect(all).toContain('"service.name"');
  });

  it('a collector that is away disturbs nobody', async () => {
    const other = await startApp({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' } });
    expect((await send(`${other.url}/healthz`)).status).toBe(200);
    await other.close();
    expect(other.logs.some(({ msg }) => String(msg).startsWith('traces are not taken'))).toBe(true);
  });
});

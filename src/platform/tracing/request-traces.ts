import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomHex } from '../crypto/random.js';
import { SpanExporter, type Span } from './span-exporter.js';

/** The request that is being answered. */
interface Scene {
  traceId: string;
  spanId: string;
  exporter: SpanExporter;
}

const scenes = new AsyncLocalStorage<Scene>();
/** Without it nobody asks the storage, which is not free. */
let isTracing = false;

/** A span for each request to `server`. Traces begin here: an id that a client sends is not believed. */
export function traceRequests(server: FastifyInstance, endpoint: string): void {
  const exporter = new SpanExporter(endpoint);
  isTracing = true;
  const begun = new WeakMap<object, Scene>();
  server.addHook('onRequest', (request, _reply, done) => {
    const scene = { traceId: randomHex(16), spanId: randomHex(8), exporter };
    begun.set(request, scene);
    scenes.run(scene, done);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const scene = begun.get(request);
    if (scene) exporter.add(spanOf(request, reply, scene));
    done();
  });
  server.addHook('onClose', () => exporter.close());
}

function spanOf(request: FastifyRequest, reply: FastifyReply, { traceId, spanId }: Scene): Span {
  const { failure, method } = request;
  const { statusCode, elapsedTime } = reply;
  const endedAt = instant();
  const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
  return {
    traceId,
    spanId,
    name: `${method} ${route}`,
    kind: 'server',
    startedAt: endedAt - elapsedTime,
    endedAt,
    attributes: {
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': statusCode,
      'gatehouse.request_id': request.id,
      ...(failure && { 'error.type': failure.definition.code }),
    },
    isError: statusCode >= 500,
  };
}

/** Runs `work`; within a traced request as a span of it. `name`: words of ours. */
export function traced<T>(name: string, work: () => Promise<T>): Promise<T> {
  const scene = isTracing ? scenes.getStore() : undefined;
  return scene ? asSpan(name, scene, work) : work();
}

async function asSpan<T>(name: string, scene: Scene, work: () => Promise<T>): Promise<T> {
  const { traceId, spanId: parentSpanId, exporter } = scene;
  const startedAt = instant();
  let isError = true;
  try {
    const result = await work();
    isError = false;
    return result;
  } finally {
    const ids = { traceId, parentSpanId, spanId: randomHex(8) };
    exporter.add({ ...ids, name, kind: 'internal', startedAt, endedAt: instant(), attributes: {}, isError });
  }
}

/** Now, in epoch milliseconds and fractions of one. */
const instant = (): number => performance.timeOrigin + performance.now();

import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { ThrottlesService } from './attempts/throttles.service.js';
import { RefusalsService } from './audit/refusals.service.js';
import { contracts } from './auth/contracts/contracts.js';
import { countLogins } from './auth/count-logins.js';
import { accountIn } from './auth/subject.js';
import { Clock } from './platform/clock/clock.service.js';
import type { Config } from './platform/config/config.schema.js';
import { CONFIG } from './platform/config/config.schema.js';
import { warnOfUntrustedProxy } from './platform/http/untrusted-proxy.js';
import { apiHeaders, letSwaggerUiLoad } from './platform/http/security-headers.js';
import { parseJsonBodiesOnly } from './platform/http/body.parser.js';
import { answerConnectionError, answerForNode } from './platform/http/connection-error.js';
import { pathOf } from './platform/http/contract.js';
import { ErrorFilter } from './platform/http/error.filter.js';
import type { RecordRefusal } from './platform/http/refusal.js';
import { answerInTurn } from './platform/http/pipelining.js';
import { MAX_PARAM_LENGTH, RouteTable } from './platform/http/route-table.js';
import { closeGracefully } from './platform/http/shutdown.js';
import { serveApiDocument } from './platform/http/api-document.js';
import { logRequests, type RequestLog } from './platform/logging/request-log.js';
import { closeUnread } from './platform/http/unread-answers.js';
import { leavesMuchUnread, passOverBodies } from './platform/http/unread-bodies.js';
import { traceRequests } from './platform/tracing/request-traces.js';
import { RequestValidationPipe } from './platform/validation/request.pipe.js';
import './platform/http/fastify.js';

/** Times in milliseconds, sizes in bytes. */
const LIMITS = {
  bodyLimit: 16_384,
  // Whole requests, so that dripping a body is no way to hold a connection; headers sooner.
  requestTimeout: 15_000,
  http: {
    maxHeaderSize: 16_384,
    headersTimeout: 10_000,
    connectionsCheckingInterval: 2_000,
    // Asked by `answerForNode`, in the contract's words.
    requireHostHeader: false,
  },
  keepAliveTimeout: 72_000,
  routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
};

/** What a page may read of an answer besides its body. */
const EXPOSED_HEADERS = ['access_token', 'X-Request-Id', 'Retry-After'];

/** The HTTP server, with its limits, before Nest is on it. */
export function createAdapter({ trustProxy }: Pick<Config, 'trustProxy'>): FastifyAdapter {
  return new FastifyAdapter({
    ...LIMITS,
    trustProxy: trustProxy.length > 0 && [...trustProxy],
    // `closeGracefully` says it in the contract's words.
    return503OnClosing: false,
    // A client's own X-Request-Id is not believed, nor written anywhere.
    requestIdHeader: false,
    genReqId: ({ url = '/' }) => {
      const path = pathOf(url);
      return contracts.of(path).requestId(path);
    },
    clientErrorHandler(error, socket) {
      const unread = answerConnectionError(error, socket, contracts, Date.now());
      if (unread) servers.get(this)?.log.unread(unread);
    },
    frameworkErrors: (error: Error, request: unknown, reply: unknown) => {
      const [req, res] = [request as FastifyRequest, reply as FastifyReply];
      const { filter, log, corsOrigins = [] } = servers.get(res.server) ?? {};
      res.raw.once('finish', () => log?.answered(req, res));
      filter?.answer(error, req, withFirstHeaders(req, res).headers(corsHeaders(req, corsOrigins)));
    },
  });
}

/** What answers and logs at each server: the router's own refusals come before there is a Nest to ask. */
const servers = new WeakMap<
  object,
  { filter: ErrorFilter; log: RequestLog; corsOrigins: readonly string[] }
>();

/** Those that every answer has, whoever gives it. */
function withFirstHeaders(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (leavesMuchUnread(request)) void reply.header('connection', 'close');
  return reply.headers(apiHeaders).header('x-request-id', request.id);
}

/** Everything between the socket and the controllers. The server and the tests both use it. */
export async function setUp(app: NestFastifyApplication, logger: Logger): Promise<RouteTable> {
  const config = app.get<Config>(CONFIG);
  const adapter = app.getHttpAdapter() as FastifyAdapter;
  const server = adapter.getInstance();
  const routes = new RouteTable(server);
  // Before Nest's own hooks, which answer preflights, and targets that begin with no slash.
  adapter.setOnRequestHook((request, reply, done) => {
    withFirstHeaders(request, reply);
    done();
  });
  answerInTurn(server);
  closeUnread(server);
  warnOfUntrustedProxy(server);
  letSwaggerUiLoad(server);
  answerForNode(server);
  if (config.otelEndpoint !== undefined) traceRequests(server, config.otelEndpoint);
  const log = logRequests(server, logger, (user) => accountIn(user)?.publicId);
  closeGracefully(server, (reply) => log.left(reply));
  passOverBodies(server);
  parseJsonBodiesOnly(server);
  countLogins(server, app.get(ThrottlesService));
  const filter = new ErrorFilter(contracts, routes, app.get(Clock), recordRefusals(app));
  servers.set(server, { filter, log, corsOrigins: config.corsOrigins });
  app.useGlobalFilters(filter);
  app.useGlobalPipes(new RequestValidationPipe());
  // Ending by exit, not by the signal: the last log lines are written, and an orderly end reads as one (code 0).
  app.enableShutdownHooks([], { useProcessExit: true });
  if (config.corsOrigins.length > 0) allowOrigins(app, config.corsOrigins);
  serveApiDocument(app, contracts);
  await app.init();
  return routes;
}

/** Refusals go into the audit, those of the last answered requests too. */
function recordRefusals(app: NestFastifyApplication): RecordRefusal {
  const refusals = app.get(RefusalsService);
  // When the last request is answered, and before the database closes.
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onClose', () => refusals.drain());
  return (refusal) => refusals.record(refusal, accountIn(refusal.request.user));
}

/** Lets pages of these origins, compared as they are written, call the API from a browser. */
function allowOrigins(app: NestFastifyApplication, origins: readonly string[]): void {
  app.enableCors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED_HEADERS,
    // Strict, an OPTIONS that is no preflight would be answered in words of no contract.
    strictPreflight: false,
  });
}

/** The same where the router refuses a path, before any hook. */
function corsHeaders(
  { headers: { origin } }: FastifyRequest,
  origins: readonly string[],
): Record<string, string> {
  if (origin === undefined || !origins.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED_HEADERS.join(', '),
    vary: 'Origin',
  };
}

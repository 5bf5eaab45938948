import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { httpErrors } from '../errors/http.errors.js';
import type { UnreadRequest } from '../http/connection-error.js';
import { observeRequest } from '../metrics/request-durations.js';
import { written } from './logger.js';

/** Writes the one line of a request, and counts it. */
export interface RequestLog {
  answered(request: FastifyRequest, reply: FastifyReply): void;
  /** The client went away first: 499, as nginx calls it. */
  left(reply: FastifyReply): void;
  /** Refused by the parser: of its method and path nothing is sure. */
  unread(refusal: UnreadRequest): void;
}

/**
 * Writes one line per answered request; `identify` names the caller's account, where there is one, by its public id.
 * Returns the writing, for the answers that come before any hook.
 */
export function logRequests(
  server: FastifyInstance,
  logger: Logger,
  identify: (user: unknown) => string | undefined,
): RequestLog {
  const write = writer(logger, identify);
  const answered: RequestLog['answered'] = (request, reply) =>
    write(request, reply.elapsedTime, reply.statusCode);
  server.addHook('onResponse', (request, reply, done) => {
    answered(request, reply);
    done();
  });
  server.addHook('onClose', () => written(logger));
  return {
    answered,
    left: ({ request, elapsedTime }) =>
      write(request, elapsedTime, httpErrors.client_closed_request.status, 'client_closed_request'),
    unread: (refusal) => logUnread(logger, refusal),
  };
}

function writer(logger: Logger, identify: (user: unknown) => string | undefined) {
  return (request: FastifyRequest, elapsedTime: number, status: number, code?: string) => {
    const { failure, method } = request;
    // The pattern, not the URL: what a client put into a path or query string may be secret.
    const route = request.is404 ? null : (request.routeOptions.url ?? null);
    logger.info({
      msg: 'request',
      method,
      route,
      status,
      duration_ms: Math.round(elapsedTime * 10) / 10,
      request_id: request.id,
      user: identify(request.user),
      code: code ?? failure?.definition.code,
      reason: failure?.context.reason,
    });
    observeRequest(method, route, status, elapsedTime / 1000);
  };
}

function logUnread(logger: Logger, { status, requestId, code }: UnreadRequest): void {
  logger.info({ msg: 'request', method: null, route: null, status, request_id: requestId, code });
  observeRequest('none', null, status, 0);
}

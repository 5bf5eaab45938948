import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { UnreadRequest } from '../http/connection-error.js';
import { observeRequest } from '../metrics/request-durations.js';

/** Writes the one line of a request, and counts it. */
export interface RequestLog {
  answered(request: FastifyRequest, reply: FastifyReply): void;
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
  const answered: RequestLog['answered'] = (request, reply) => {
    const { failure, method } = request;
    const { statusCode: status, elapsedTime } = reply;
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
      code: failure?.definition.code,
      reason: failure?.context.reason,
    });
    observeRequest(method, route, status, elapsedTime / 1000);
  };
  server.addHook('onResponse', (request, reply, done) => {
    answered(request, reply);
    done();
  });
  return { answered, unread: (refusal) => logUnread(logger, refusal) };
}

function logUnread(logger: Logger, { status, requestId, code }: UnreadRequest): void {
  logger.info({ msg: 'request', method: null, route: null, status, request_id: requestId, code });
  observeRequest('none', null, status, 0);
}

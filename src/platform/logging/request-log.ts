import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

/** Writes one line per answered request; `identify` names the caller's account, where there is one, by its public id. */
export function logRequests(server: FastifyInstance, logger: Logger, identify: (user: unknown) => string | undefined): void {
  server.addHook('onResponse', (request, reply, done) => {
    const { failure } = request;
    logger.info({
      msg: 'request',
      method: request.method,
      // The pattern, not the URL: what a client put into a path or query string may be secret.
      route: request.is404 ? null : request.routeOptions.url,
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 10) / 10,
      request_id: request.id,
      user: identify(request.user),
      code: failure?.definition.code,
      reason: failure?.context.reason,
    });
    done();
  });
}

import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/** Says, once, that a proxy is in front of us which TRUST_PROXY does not name: everybody then seems to come from its address. */
export function warnOfUntrustedProxy(server: FastifyInstance): void {
  let isSaid = false;
  server.addHook('onRequest', (request, _reply, done) => {
    if (!isSaid && 'x-forwarded-for' in request.headers && request.ip === request.socket.remoteAddress) {
      isSaid = true;
      new Logger('TrustProxy').warn({
        msg: `X-Forwarded-For from ${request.ip} is not believed; if that is your proxy, add it to TRUST_PROXY, or all clients count as one`,
        request_id: request.id,
      });
    }
    done();
  });
}

import type { FastifyInstance, FastifyReply } from 'fastify';
import { AppError } from '../errors/app.errors.js';
import { httpErrors } from '../errors/http.errors.js';

/** While the server closes: finishes what is under way, and refuses, in the contract's words, what still arrives. */
export function closeGracefully(server: FastifyInstance): void {
  const underWay = new Set<FastifyReply>();
  let isClosing = false;
  server.addHook('preClose', (done) => {
    isClosing = true;
    // Kept alive, the connection would hold the process for as long as it stays idle.
    for (const reply of underWay) void reply.header('connection', 'close');
    done();
  });
  server.addHook('onRequest', (_request, reply, done) => {
    if (!isClosing) {
      underWay.add(reply);
      done();
      return;
    }
    void reply.header('connection', 'close');
    done(new AppError(httpErrors.service_unavailable, { retryAfterSeconds: 1 }));
  });
  server.addHook('onResponse', (_request, reply, done) => {
    underWay.delete(reply);
    done();
  });
}

import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors/app.errors.js';
import { httpErrors } from '../errors/http.errors.js';

/** While the server closes: finishes what is under way, and refuses, in the contract's words, what still arrives. */
export function closeGracefully(server: FastifyInstance): void {
  let isClosing = false;
  server.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  server.addHook('onRequest', (_request, _reply, done) => {
    done(isClosing ? new AppError(httpErrors.service_unavailable, { retryAfterSeconds: 1 }) : undefined);
  });
  server.addHook('onSend', (_request, reply, _payload, done) => {
    // Kept alive, the connection would hold the process for as long as it stays idle.
    if (isClosing) void reply.header('connection', 'close');
    done();
  });
}

import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors/app.errors.js';
import { httpErrors } from '../errors/http.errors.js';

/** Longer than any request may take that is being answered; a client that never finishes its own would hold us for ever. */
const PATIENCE_MS = 7_000;

/**
 * While the server closes: finishes what is under way, for at most 7 s, and refuses, in the contract's words, what still
 * arrives.
 */
export function closeGracefully(server: FastifyInstance): void {
  let isClosing = false;
  server.addHook('preClose', (done) => {
    isClosing = true;
    // Node's own time limits end with the listening.
    setTimeout(() => server.server.closeAllConnections(), PATIENCE_MS).unref();
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

import type { FastifyInstance } from 'fastify';

/**
 * Answers the requests of a connection one after the other, also where a client sends many without waiting for an answer (RFC 9112
 * §9.3.2): begun all at once, each would hold a file or its whole answer, for as long as the client does not read, and for ever if it
 * leaves.
 */
export function answerInTurn(server: FastifyInstance): void {
  server.addHook('onRequest', (_request, { raw }, done) => {
    // Node gives an answer the connection when those before it are sent.
    if (raw.socket) done();
    else raw.once('socket', () => done());
  });
}

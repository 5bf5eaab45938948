import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** More than anybody sends without waiting; each that waits takes some kilobytes. */
const MAX_WAITING = 256;

/**
 * Answers the requests of a connection one after the other, also where a client sends many without waiting for an answer (RFC 9112
 * §9.3.2): begun all at once, each would hold a file or its whole answer, for as long as the client does not read, and for ever if it
 * leaves. Who sends too many is cut off.
 */
export function answerInTurn(server: FastifyInstance): void {
  const waiting = new WeakMap<Socket, number>();
  const count = (socket: Socket, change: 1 | -1): number => {
    const number = (waiting.get(socket) ?? 0) + change;
    waiting.set(socket, number);
    return number;
  };
  server.addHook('onRequest', ({ raw: { socket } }, { raw }, done) => {
    // Node gives an answer the connection when those before it are sent.
    if (raw.socket) done();
    else if (count(socket, 1) > MAX_WAITING) socket.destroy();
    else
      raw.once('socket', () => {
        count(socket, -1);
        done();
      });
  });
}

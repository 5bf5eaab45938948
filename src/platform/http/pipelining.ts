import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** More than anybody sends without waiting. */
const MAX_WAITING = 256;
/** Of all connections: each takes five kilobytes, and thirty where its headers are as large as they may be. */
const MAX_WAITING_IN_ALL = 4_096;

/**
 * Answers the requests of a connection one after the other, also where a client sends many without waiting for an answer (RFC 9112
 * §9.3.2): begun all at once, each would hold a file or its whole answer, for as long as the client does not read, and for ever if it
 * leaves. Who sends too many is cut off, and who does when too many wait already.
 */
export function answerInTurn(server: FastifyInstance): void {
  const waiting = new Map<Socket, number>();
  let inAll = 0;
  const count = (socket: Socket, change: 1 | -1): void => {
    if (!waiting.has(socket)) socket.once('close', () => forget(socket));
    waiting.set(socket, (waiting.get(socket) ?? 0) + change);
    inAll += change;
  };
  const forget = (socket: Socket): void => {
    inAll -= waiting.get(socket) ?? 0;
    waiting.delete(socket);
  };
  server.addHook('onRequest', ({ raw: { socket } }, { raw }, done) => {
    // Node gives an answer the connection when those before it are sent.
    if (raw.socket) {
      done();
      return;
    }
    // The parser goes on with what it has at hand.
    if (socket.destroyed) return;
    if ((waiting.get(socket) ?? 0) >= MAX_WAITING || inAll >= MAX_WAITING_IN_ALL) {
      socket.destroy();
      return;
    }
    count(socket, 1);
    raw.once('socket', () => {
      if (waiting.has(socket)) count(socket, -1);
      done();
    });
  });
}

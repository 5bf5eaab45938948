import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { AppError } from '../errors/app.errors.js';
import { httpErrors } from '../errors/http.errors.js';

/** Longer than any request may take that is being answered; a client that never finishes its own would hold us for ever. */
const PATIENCE_MS = 7_000;

/**
 * While the server closes: finishes what is under way, for at most 7 s, and refuses, in the contract's words, what still
 * arrives. `left` is told what a client went away from before it was answered, for nobody else is.
 */
export function closeGracefully(server: FastifyInstance, left: (reply: FastifyReply) => void): void {
  const connections = trackConnections(server, left);
  let isClosing = false;
  server.addHook('preClose', (done) => {
    isClosing = true;
    for (const [socket, underWay] of connections) {
      // Kept alive, the connection would hold the process for as long as it stays idle.
      for (const reply of underWay) void reply.header('connection', 'close');
      // A browser opens some in advance. Node takes them for busy until it has had a request.
      if (socket.bytesRead === 0) socket.destroy();
    }
    // Node's own time limits end with the listening.
    setTimeout(() => server.server.closeAllConnections(), PATIENCE_MS).unref();
    done();
  });
  server.addHook('onRequest', ({ raw }, reply, done) => {
    if (!isClosing) {
      connections.get(raw.socket)?.add(reply);
      done();
      return;
    }
    void reply.header('connection', 'close');
    done(new AppError(httpErrors.service_unavailable, { retryAfterSeconds: 1 }));
  });
}

/** What is under way, by connection: a client that leaves takes its own along, which never come to an end. */
function trackConnections(
  server: FastifyInstance,
  left: (reply: FastifyReply) => void,
): Map<Socket, Set<FastifyReply>> {
  const connections = new Map<Socket, Set<FastifyReply>>();
  server.server.on('connection', (socket: Socket) => {
    connections.set(socket, new Set());
    socket.once('close', () => {
      connections.get(socket)?.forEach(left);
      connections.delete(socket);
    });
  });
  server.addHook('onResponse', ({ raw }, reply, done) => {
    connections.get(raw.socket)?.delete(reply);
    done();
  });
  return connections;
}

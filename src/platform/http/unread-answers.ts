import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** In which a client must have taken what was last written to it, an answer or 64 KB of a file. */
const PATIENCE_MS = 30_000;
const INTERVAL_MS = 5_000;

/**
 * Closes the connections of clients that do not read their answers, which hold a file, or the answer, for as long. They are looked
 * at now and then: a timer of each connection's own (Node's `server.timeout`) is set anew by every request, and took a sixth of the
 * time of a guarded one.
 */
export function closeUnread(server: FastifyInstance): void {
  const connections = new Map<Socket, { sent: number; at: number }>();
  server.server.on('connection', (socket: Socket) => {
    connections.set(socket, { sent: 0, at: 0 });
    socket.once('close', () => connections.delete(socket));
  });
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [socket, last] of connections) {
      const sent = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || sent !== last.sent) connections.set(socket, { sent, at: now });
      else if (now - last.at > PATIENCE_MS) socket.destroy();
    }
  }, INTERVAL_MS).unref();
  server.server.once('close', () => clearInterval(timer));
}

// @ts-check
import { once } from 'node:events';
import { connect } from 'node:net';
import { summarize } from './sample.js';

/** Of each load but the login's. */
export const CONNECTIONS = 32;

/** An answer that takes longer has failed: as long as a queue of logins may be. */
const PATIENCE_MS = 60_000;

/**
 * @typedef {object} Client What one connection says. Texts are latin1: a character a byte.
 * @property {() => string} request the next request, whole
 * @property {(body: string, head: string) => void} accept throws where the answer holds something else than it should
 * @property {number} [status] the one that every answer must have: 200
 */

/**
 * Sends one request after the other on each client's own connection until the time is over, then waits for the last answers:
 * all that was begun is counted, over the time until it was done.
 *
 * Plain sockets, because a generator that costs more per request than the server measures itself: a bare Fastify route
 * answers several times what a general HTTP client of the same language can ask.
 * @param {number} port on 127.0.0.1
 * @param {Client[]} clients
 * @param {number} seconds
 */
export async function drive(port, clients, seconds) {
  const sockets = clients.map(() => connect({ port, host: '127.0.0.1', noDelay: true }));
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const began = performance.now();
    const deadline = began + seconds * 1000;
    /** @type {number[]} */
    const latencies = [];
    await Promise.all(
      clients.map((client, i) => {
        const socket = sockets[i];
        return socket && converse(socket, client, deadline, latencies);
      }),
    );
    return summarize(latencies, performance.now() - began);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/**
 * @param {import('node:net').Socket} socket
 * @param {Client} client
 * @param {number} deadline
 * @param {number[]} latencies
 * @returns {Promise<void>}
 */
function converse(socket, client, deadline, latencies) {
  return new Promise((resolve, reject) => {
    const statusLine = `HTTP/1.1 ${client.status ?? 200} `;
    let received = '';
    let sent = 0;
    const send = () => {
      sent = performance.now();
      socket.write(client.request(), 'latin1');
    };
    socket.setEncoding('latin1');
    socket.setTimeout(PATIENCE_MS, () => reject(new Error(`no answer within ${PATIENCE_MS} ms`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection')));
    socket.on('data', (/** @type {string} */ chunk) => {
      received += chunk;
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const head = received.slice(0, headEnd + 2);
      const rest = received.slice(headEnd + 4);
      try {
        const body = bodyOf(head, rest);
        if (body === undefined) return;
        const now = performance.now();
        if (!head.startsWith(statusLine)) throw new Error('not the answer it should be');
        client.accept(body, head);
        latencies.push(now - sent);
        received = '';
        if (now < deadline) send();
        else resolve();
      } catch (error) {
        const { message } = /** @type {Error} */ (error);
        reject(new Error(`${message}:\n${head.split('\r\n', 1)[0]}\n${rest.slice(0, 500)}`));
      }
    });
    send();
  });
}

/**
 * The body, or undefined where not all of it has come.
 * @param {string} head
 * @param {string} rest what came after it
 */
function bodyOf(head, rest) {
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];
  if (length === undefined) return unchunked(head, rest);
  if (rest.length > Number(length)) throw new Error('more than the answer');
  return rest.length === Number(length) ? rest : undefined;
}

/**
 * RFC 9112 §7.1, without trailers.
 * @param {string} head
 * @param {string} rest
 */
function unchunked(head, rest) {
  if (!/\r\ntransfer-encoding: chunked\r\n/i.test(head)) throw new Error('an answer of unknown length');
  let body = '';
  for (let at = 0; ;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(rest.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (!(end + 2 <= rest.length)) return undefined;
    if (size === 0) return body;
    body += rest.slice(lineEnd + 2, end);
    at = end + 2;
  }
}

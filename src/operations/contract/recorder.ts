import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { bodyOf, type Exchange } from './exchange.js';

const leftOut = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'content-encoding',
  'host',
  'accept-encoding',
];

/** Passes requests on to a system, and tells of each with its answer: point a client at it. */
export class Recorder {
  private readonly server: Server;

  constructor(
    private readonly target: string,
    private readonly tell: (exchange: Exchange) => Promise<void>,
  ) {
    this.server = createServer((request, response) => {
      this.pass(request, response).catch(() => response.writeHead(502).end());
    });
  }

  /** Serves on 127.0.0.1; the port. */
  async listen(port: number): Promise<number> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    const address = this.server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const sent = await buffer(request);
    const headers = withoutOwn(request.headers as Record<string, string>);
    const answer = await fetch(this.target + path, {
      method,
      headers,
      ...(sent.length > 0 && { body: new Uint8Array(sent) }),
      redirect: 'manual',
    });
    const received = Buffer.from(await answer.arrayBuffer());
    const answered = withoutOwn(Object.fromEntries(answer.headers));
    // Before the client goes on: what it does next may end us.
    await this.tell({
      request: { method, path, headers, ...bodyOf(sent.toString()) },
      response: { status: answer.status, headers: answered, ...bodyOf(received.toString()) },
    });
    response.writeHead(answer.status, { ...answered, 'content-length': received.length }).end(received);
  }
}

const withoutOwn = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !leftOut.includes(name)));

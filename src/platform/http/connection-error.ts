import type { Socket } from 'node:net';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { AppError, type ErrorDefinition } from '../errors/app.errors.js';
import { httpErrors } from '../errors/http.errors.js';
import { pathOf, type Contracts } from './contract.js';

/** What Node's HTTP parser refuses before there is a request, by its code. */
const byParserCode: Record<string, ErrorDefinition> = {
  HPE_HEADER_OVERFLOW: httpErrors.header_fields_too_large,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: httpErrors.payload_too_large,
  ERR_HTTP_REQUEST_TIMEOUT: httpErrors.request_timeout,
};

/** What is to be logged of a request that Node's parser refused: there is no other of it. */
export interface UnreadRequest {
  status: number;
  requestId: string;
  code: string;
}

/** Answers, in the contract's words, what Node's parser could not read, and closes the connection; undefined: nobody was told. */
export function answerConnectionError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  contracts: Contracts,
  now: number,
): UnreadRequest | undefined {
  // Whose body could not be read, where the headers were good; Node's own handler of these errors asks it too.
  const answering = (socket as { _httpMessage?: ServerResponse | null })._httpMessage;
  // Whose body was not waited for.
  const isAnswered = !answering && (socket as { parser?: { incoming: unknown } | null }).parser?.incoming;
  // The client is gone, or an answer is already under way.
  if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent || isAnswered) {
    socket.destroy();
    return undefined;
  }
  const { method, url } = answering?.req ?? requestLine(error);
  const path = pathOf(url ?? '/');
  const contract = contracts.of(path);
  const requestId = contract.requestId(path);
  const named = new AppError(byParserCode[error.code ?? ''] ?? httpErrors.bad_request);
  const { status, body } = contract.describe(named, { path, requestId, now });
  socket.end(answerOf(status, requestId, JSON.stringify(body), method === 'HEAD'));
  return { status, requestId, code: named.definition.code };
}

/** To a HEAD, without the body that it tells the length of (RFC 9110 §9.3.2). */
const answerOf = (status: number, requestId: string, body: string, isToHead: boolean): string =>
  [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Cache-Control: no-store',
    'Connection: close',
    '',
    isToHead ? '' : body,
  ].join('\r\n');

/** As many as Apache and others take. */
const MAX_HEADERS = 100;

/** Refuses what Node would let pass, or answer by itself without a body. */
export function answerForNode(server: FastifyInstance): void {
  // What is more, Node leaves out without a word: it could be the one that a proxy added. One more shows that there were.
  server.server.maxHeadersCount = MAX_HEADERS + 1;
  server.addHook('onRequest', ({ raw }, _reply, done) => {
    if (!hasOneHost(raw)) done(new AppError(httpErrors.bad_request));
    else if (raw.rawHeaders.length > 2 * MAX_HEADERS) done(new AppError(httpErrors.header_fields_too_large));
    else done();
  });
  // An unknown expectation is passed over, as RFC 9110 §10.1.1 allows.
  server.server.on('checkExpectation', (request, response) =>
    server.server.emit('request', request, response),
  );
}

/** RFC 9112 §3.2: a request of HTTP/1.1 names its host, and none names two, of which a proxy may take the other. */
function hasOneHost({ httpVersion, headers, rawHeaders }: IncomingMessage): boolean {
  if (headers.host === undefined) return httpVersion !== '1.1';
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts += 1;
  return hosts === 1;
}

/** Of the request line, as much as can be made out. */
function requestLine(error: Error): { method?: string; url?: string } {
  const packet = (error as { rawPacket?: Buffer }).rawPacket;
  const line = packet?.subarray(0, 16_384).toString('latin1') ?? '';
  const [, method, url] = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.[01]\r\n/.exec(line) ?? [];
  return { ...(method && { method }), ...(url && { url }) };
}

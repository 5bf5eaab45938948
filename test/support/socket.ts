import { connect, type Socket } from 'node:net';
import type { Answer } from './http.js';

/** An answer as it came over the wire. */
export interface RawAnswer extends Answer {
  /** Status line and headers, in their order. */
  head: string;
}

/** A connection to the server at `url`, open. */
export function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.off('error', reject);
      // A server that has had enough resets the connection.
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.on('error', reject);
  });
}

/** The answers that came on `socket` until it closed, or within `patienceMs`. */
export async function answers(socket: Socket, patienceMs = 10_000): Promise<RawAnswer[]> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  await new Promise((resolve) => socket.on('close', resolve));
  clearTimeout(timer);
  return parse(Buffer.concat(chunks).toString('latin1'));
}

/** Sends `bytes` (a string: Latin-1) on a connection of their own; what came back until it closed, or within `patienceMs`. */
export async function exchange(
  url: string,
  bytes: string | Buffer,
  patienceMs?: number,
): Promise<RawAnswer[]> {
  const socket = await open(url);
  const received = answers(socket, patienceMs);
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return received;
}

/** The bytes of a request whose answer closes the connection: its line without the version, header lines, a body. */
export function requestBytes(
  line: string,
  headers: readonly string[] = [],
  body: string | Buffer = '',
): Buffer {
  const length = body.length > 0 ? [`Content-Length: ${Buffer.byteLength(body)}`] : [];
  const head = [
    `${line} HTTP/1.1`,
    'Host: gatehouse.test',
    'Connection: close',
    ...headers,
    ...length,
    '',
    '',
  ];
  return Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), Buffer.from(body)]);
}

function parse(text: string): RawAnswer[] {
  if (text === '') return [];
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1];
  if (end === -1 || !status) throw new Error(`no answer: ${JSON.stringify(text.slice(0, 200))}`);
  const headers = new Headers(lines.map((line) => line.split(': ', 2) as [string, string]));
  const length = Number(headers.get('content-length') ?? 0);
  const bodyText = Buffer.from(text.slice(end + 4, end + 4 + length), 'latin1').toString('utf8');
  const body: unknown = bodyText === '' ? undefined : JSON.parse(bodyText);
  return [
    { status: Number(status), headers, head, text: bodyText, body },
    ...parse(text.slice(end + 4 + length)),
  ];
}

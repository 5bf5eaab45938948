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

/** A connection for one request after another, made anew where the server closes it. */
export class KeptConnection {
  private socket: Socket | undefined;
  private received = '';
  private settle: () => void = () => undefined;

  constructor(private readonly url: string) {}

  /** Sends `request`, that of a HEAD if `isHead`. @throws where what comes within `patienceMs` is not one answer */
  async exchange(request: Buffer, isHead: boolean, patienceMs = 10_000): Promise<RawAnswer> {
    const socket = (this.socket ??= await this.connect());
    const timer = setTimeout(() => socket.destroy(), patienceMs);
    const end = await new Promise<number | undefined>((resolve) => {
      this.settle = () => {
        const at = endOfAnswer(this.received, isHead);
        if (at !== undefined || socket.destroyed) resolve(at);
      };
      socket.write(request);
    });
    clearTimeout(timer);
    const { received } = this;
    this.received = '';
    const [answer] = end === received.length ? parse(received) : [];
    if (answer?.headers.get('connection') !== 'keep-alive') this.close();
    if (!answer) throw new Error(`not one answer: ${JSON.stringify(received.slice(0, 2_000))}`);
    return answer;
  }

  close(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }

  private async connect(): Promise<Socket> {
    const socket = await open(this.url);
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.settle();
    });
    socket.on('close', () => {
      if (this.socket === socket) this.socket = undefined;
      this.settle();
    });
    return socket;
  }
}

/** Where the first answer in `text` ends; undefined: not yet. */
function endOfAnswer(text: string, isHead: boolean): number | undefined {
  const start = text.indexOf('\r\n\r\n') + 4;
  if (start === 3) return undefined;
  // Of a head that is too large, the server may have read too little to tell that it is a HEAD's.
  if (isHead && text.startsWith('HTTP/1.1 431 ')) return text.length;
  const length = isHead ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, start))?.[1] ?? 0);
  return start + length <= text.length ? start + length : undefined;
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

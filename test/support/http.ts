import { Agent, request, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body, or undefined where it is no JSON. */
  body: unknown;
}

export interface Outgoing {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

const agent = new Agent({ keepAlive: true });

/** One request, its answer read whole. Not by `fetch`, which takes several times as long: in a race the server is to have the time. */
export async function send(
  url: string,
  { method = 'GET', headers = {}, body }: Outgoing = {},
): Promise<Answer> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { agent, method, headers: { 'user-agent': 'node', ...length, ...headers } })
      .on('response', resolve)
      .on('error', reject)
      .end(body);
  });
  const text = (await buffer(response)).toString();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  const { statusCode = 0, rawHeaders } = response;
  const pairs = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ''] as [string, string]] : [],
  );
  return { status: statusCode, headers: new Headers(pairs), text, body: parsed };
}

/** A POST of `body` as JSON; a string or buffer goes as it is. */
export function post(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  return send(url, {
    method: 'POST',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
  });
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** Logs in at `/v1/login`; the token. */
export async function login(url: string, email: string, password: string, code?: string): Promise<string> {
  const answer = await post(`${url}/v1/login`, { email, password, code });
  const token = answer.headers.get('access_token');
  if (answer.status !== 200 || !token) throw new Error(`login answered ${answer.status} ${answer.text}`);
  return token;
}

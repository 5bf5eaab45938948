export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body, or undefined where it is no JSON. */
  body: unknown;
}

/** One request, its answer read whole. */
export async function send(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: response.status, headers: response.headers, text, body };
}

/** A POST of `body` as JSON; a string or buffer goes as it is. */
export function post(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  return send(url, {
    method: 'POST',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
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

/** A request and its answer. Names of headers are in lower case; a body is JSON, or text that is none. */
export interface Exchange {
  /** What it shows, for people. */
  name?: string;
  request: { method: string; path: string; headers?: Record<string, string>; body?: unknown };
  /** Absent where requests were written to compare two systems. */
  response?: Answer;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** Absent: it is not looked at. */
  body?: unknown;
}

/** A recording that cannot be read. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

/** The exchanges of a recording: JSON Lines, or a HAR as browsers save it, of which only what speaks JSON is taken. @throws RecordingError */
export function exchangesIn(text: string): Exchange[] {
  const har = /^\s*\{\s*"log"\s*:/.test(text);
  if (har) return exchangesOfHar(parsed(text, 'it is no HAR'));
  const lines = text.split('\n').map((line, i) => ({ line: line.trim(), number: i + 1 }));
  return lines
    .filter(({ line }) => line !== '')
    .map(({ line, number }) => exchangeOf(line, `line ${number}`));
}

function exchangeOf(line: string, where: string): Exchange {
  const exchange = parsed(line, `${where} is no JSON`) as Partial<Exchange> | null;
  const { method, path } = exchange?.request ?? {};
  if (typeof method !== 'string' || typeof path !== 'string' || !path.startsWith('/'))
    throw new RecordingError(`${where} has no request with method and path`);
  const response = exchange?.response;
  if (response && !Number.isInteger(response.status)) throw new RecordingError(`${where} has no status`);
  return exchange as Exchange;
}

interface HarEntry {
  request: { method: string; url: string; headers: HarHeader[]; postData?: { text?: string } };
  response: { status: number; headers: HarHeader[]; content?: { text?: string; encoding?: string } };
}

interface HarHeader {
  name: string;
  value: string;
}

function exchangesOfHar(har: unknown): Exchange[] {
  const { entries } = (har as { log: { entries?: HarEntry[] } }).log;
  if (!Array.isArray(entries)) throw new RecordingError('its log has no entries');
  try {
    return exchangesAmong(entries);
  } catch (error) {
    throw new RecordingError('its entries are not those of a HAR', { cause: error });
  }
}

function exchangesAmong(entries: readonly HarEntry[]): Exchange[] {
  // Of a blob: or data: the path would be the end of the host's name.
  const sent = entries.filter(({ request }) => /^https?:/i.test(request.url));
  const exchanges = sent.map(({ request, response }) => {
    const { pathname, search } = new URL(request.url);
    const { text = '', encoding } = response.content ?? {};
    const body = encoding === 'base64' ? Buffer.from(text, 'base64').toString() : text;
    return {
      request: {
        method: request.method,
        path: pathname + search,
        headers: headersOf(request.headers),
        ...bodyOf(request.postData?.text),
      },
      response: { status: response.status, headers: headersOf(response.headers), ...bodyOf(body) },
    };
  });
  return exchanges.filter(({ request, response }) =>
    [request, response].some(({ headers }) => headers['content-type']?.includes('json')),
  );
}

const headersOf = (headers: readonly HarHeader[]): Record<string, string> =>
  Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value]));

/** A body as an exchange holds it. */
export function bodyOf(text: string | undefined): { body?: unknown } {
  if (text === undefined || text === '') return {};
  try {
    return { body: JSON.parse(text) as unknown };
  } catch {
    return { body: text };
  }
}

function parsed(text: string, fault: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new RecordingError(fault);
  }
}

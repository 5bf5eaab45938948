import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  resolve,
  undocumented,
  type ApiDocument,
  type Operation,
  type Schema,
} from '../support/api-document.js';
import { PASSWORD, startApp, UNTHROTTLED, type TestApp } from '../support/app.js';
import { login, send } from '../support/http.js';
import { startProcess, type ServerProcess } from '../support/process.js';
import { expectNoServerErrors } from '../support/refusal.js';
import { rounds } from '../support/scope.js';
import { announceSeed } from '../support/seed.js';
import { KeptConnection } from '../support/socket.js';
import { refreshed } from '../support/tokens.js';

const RUNS = rounds(300, 100_000);
const EMAIL = 'fuzz@example.com';
/** Methods that change nothing (RFC 9110 §9.2.1). */
const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];
/** As long as a login may wait for its turn. */
const PATIENCE_MS = Number(UNTHROTTLED.LOGIN_QUEUE_MAX_WAIT_MS);
/** How much of the memory that it held before an operation's requests the server may hold after them. */
const MEMORY = 1.1;
/** More tokens than a server remembers, and of each operation so many requests: room that it takes once is no growth. */
const TOKENS = rounds(0, 20_000);
const FIRST_RUNS = rounds(0, 2_000);
/**
 * Has a server collect its garbage on SIGWINCH: until it does by itself, what it holds cannot be told from what it does not. In the
 * way of heap profilers: after V8's `gc()` it keeps tens of megabytes in pages that are empty.
 */
const COLLECTING = `import { Session } from 'node:inspector';
const session = new Session();
session.connect();
process.on('SIGWINCH', () => session.post('HeapProfiler.collectGarbage'));`;

const seed = announceSeed('test/attacks/fuzz-document.spec.ts');
// What makes and deletes accounts; what is asked is a process, with memory of its own.
const app: TestApp = await startApp();
const server: ServerProcess = await startProcess(app.database, {
  REGISTRATION: 'open',
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(COLLECTING)}`,
});
const document = (await send(`${server.url}/docs-json`)).body as ApiDocument;
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    path,
    operation,
  })),
);

const unit = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary' }) },
  fc.string(),
  // Lone surrogates, NUL, marks that reverse or do not show.
  fc
    .array(fc.constantFrom('\ud800', '\udfff', '\0', '\u202e', '\u200b', '\ufeff', 'K', 'ß', 'a'))
    .map((all) => all.join('')),
);
const long = fc
  .tuple(unit, fc.nat(18_000))
  .map(([text, length]) => (text || 'x').repeat(length / (text.length || 1) + 1).slice(0, length));
const anything: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: unit },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 5 }) },
  fc.constantFrom({ $ne: null }, { type: 'like' }, [EMAIL], 1e999, -0, 2 ** 53, "' OR 1=1 --", '٣٤٥٦٧٨', ''),
  long,
);

/** Mostly what `schema` asks for; what opens this application's doors among it. */
function valid(name: string, schema: Schema): fc.Arbitrary<unknown> {
  const { type, pattern, format, minimum, maximum, example } = resolve(document, schema);
  if (name === 'email') return fc.oneof(fc.constant(EMAIL), fc.emailAddress());
  if (format === 'password') return fc.oneof(fc.constant(PASSWORD), unit);
  if (pattern) return fc.oneof(fc.stringMatching(new RegExp(pattern)), fc.constant(example));
  if (type === 'number' || type === 'integer') {
    const edges = [minimum ?? 0, maximum ?? 0, (minimum ?? 0) - 1, (maximum ?? 0) + 1, 1.5, NaN];
    return fc.oneof(fc.integer(), fc.constantFrom(...edges));
  }
  return fc.oneof(fc.constant(example), unit);
}

function bodyOf({ requestBody }: Operation): fc.Arbitrary<string | Buffer> {
  const schema = requestBody?.content?.['application/json']?.schema;
  const properties = Object.entries((schema && resolve(document, schema).properties) ?? {});
  const member = (of: (name: string, each: Schema) => fc.Arbitrary<unknown>) =>
    fc.record(Object.fromEntries(properties.map(([name, each]) => [name, of(name, each)])), {
      requiredKeys: [],
    });
  const extra = fc.dictionary(
    fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toJSON', 'role', 'id'), unit),
    anything,
    { maxKeys: 3 },
  );
  const mutated = member((name, each) => fc.oneof({ weight: 3, arbitrary: valid(name, each) }, anything));
  const json = fc.oneof(
    { weight: 4, arbitrary: member(valid) },
    { weight: 5, arbitrary: mutated },
    { weight: 2, arbitrary: fc.tuple(mutated, extra).map(([a, b]) => ({ ...a, ...b })) },
    anything,
  );
  const text = json.map((each) => JSON.stringify(each));
  const cut = fc.tuple(text, fc.nat()).map(([all, at]) => all.slice(0, at % (all.length + 1)));
  return fc.oneof(
    { weight: 8, arbitrary: text },
    cut,
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
}

/** The path with its parameters filled in, and a query. */
function targetOf(path: string, { parameters = [] }: Operation): fc.Arbitrary<string> {
  const inPath = parameters.filter((each) => each.in === 'path');
  const inQuery = parameters.filter((each) => each.in === 'query');
  const text = (value: unknown) => {
    // An object may have a toString that is no function.
    const written = String(Object(value) === value ? JSON.stringify(value) : value);
    return (
      encodeURIComponent(written.slice(0, 9_000).replaceAll(/\p{Surrogate}/gu, '')).slice(0, 9_000) || '-'
    );
  };
  const of = (all: typeof parameters) =>
    fc.record(
      Object.fromEntries(all.map(({ name, schema }) => [name, fc.oneof(valid(name, schema), anything)])),
      { requiredKeys: [] },
    );
  const extra = fc.dictionary(unit, unit, { maxKeys: 2 });
  return fc.tuple(of(inPath), of(inQuery), extra, fc.nat(9)).map(([names, known, others, luck]) => {
    const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
      text(names[name] ?? 'AJ6EJQCF.4f1Zk0m3Qy2hWv7uYx9Rsg'),
    );
    const asked = luck < 3 ? {} : known;
    const query = Object.entries(luck === 9 ? { ...known, ...others } : asked).map(
      ([key, value]) => `${text(key)}=${text(value)}`,
    );
    return query.length > 0 ? `${filled}?${query.join('&')}` : filled;
  });
}

const latin1 = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((byte) => String.fromCharCode(byte)),
  maxLength: 60,
});
const header = fc.tuple(
  fc.constantFrom(
    'Accept',
    'Accept-Language',
    'Cookie',
    'Origin',
    'X-Request-Id',
    'X-Forwarded-For',
    'User-Agent',
    'Range',
    'If-None-Match',
    'Content-Encoding',
    'X-HTTP-Method-Override',
    'Referer',
  ),
  fc.oneof(
    { weight: 4, arbitrary: latin1 },
    fc.constantFrom('null', 'gzip', 'x'.repeat(8_000), '../../etc', '127.0.0.1'),
  ),
);
const types = [
  'application/json; charset=utf-8',
  'application/json; charset=x',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'application/vnd.api+json',
  '/',
  '',
];
const contentType = fc.oneof(
  { weight: 12, arbitrary: fc.constant('application/json') },
  fc.constantFrom(...types),
);
const otherMethod = fc.constantFrom(
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'QUERY',
  'PROPFIND',
);

const connection = new KeptConnection(server.url);
function ask(method: string, target: string, headers: string[], body: string | Buffer = '') {
  const head = [`${method} ${target} HTTP/1.1`, 'Host: gatehouse.test', ...headers, '', ''].join('\r\n');
  const bytes = Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]);
  return connection.exchange(bytes, method === 'HEAD', PATIENCE_MS);
}

let token = '';
/** Whether what was sent since it was last known to be good may have ended its session. */
let isTokenInDoubt = false;
/** What the operation asks for. */
let role = 'client';
/** The account with its password as before: what was sent may have changed or deleted it. */
async function afresh(): Promise<string> {
  await app.dataSource.query('DELETE FROM users WHERE email = $1', [EMAIL]);
  await app.createUser(EMAIL, role);
  return login(server.url, EMAIL, PASSWORD);
}

/** A token that opens doors. */
async function freshToken(): Promise<string> {
  if (isTokenInDoubt) {
    const { status } = await ask('GET', '/v1/sessions', [`Authorization: Bearer ${token}`]);
    if (status !== 200) token = await login(server.url, EMAIL, PASSWORD).catch(afresh);
    isTokenInDoubt = false;
  }
  return token;
}

const takeLogs = () =>
  server
    .takeOutput()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
/** What memory the server holds, in MiB. */
async function heldMiB(): Promise<number> {
  for (let i = 0; i < 4; i += 1) {
    server.child.kill('SIGWINCH');
    // It answers after it has collected, or collects after it has answered.
    for (let j = 0; j < 2; j += 1) await ask('GET', '/healthz', []);
  }
  return server.residentMiB();
}

/** Sends `runs` requests made from the document of `operation`; how many answers there were of each status. */
async function fuzz({ name, path, operation }: (typeof operations)[number], runs: number) {
  role = path.startsWith('/v1/admin/') ? 'admin' : 'client';
  token = await afresh();
  const [method = ''] = name.split(' ');
  const request = fc.record({
    method: fc.oneof({ weight: 9, arbitrary: fc.constant(method) }, otherMethod),
    target: targetOf(path, operation),
    headers: fc.array(header, { maxLength: 3 }),
    type: contentType,
    body: fc.oneof({ weight: operation.requestBody ? 9 : 1, arbitrary: bodyOf(operation) }, fc.constant('')),
    authorization: fc.oneof(
      { weight: 6, arbitrary: fc.constant('token') },
      { weight: 2, arbitrary: fc.constant(undefined) },
      latin1,
    ),
  });
  const seen = new Map<number, number>();
  const property = fc.asyncProperty(request, async (each) => {
    const isSignedIn = each.authorization === 'token';
    const credentials = isSignedIn ? await freshToken() : each.authorization;
    const answer = await ask(
      each.method,
      each.target,
      [
        ...(credentials === undefined ? [] : [`Authorization: Bearer ${credentials}`]),
        ...each.headers.map(([field, value]) => `${field}: ${value}`),
        ...(each.body.length > 0
          ? [`Content-Type: ${each.type}`, `Content-Length: ${Buffer.byteLength(each.body)}`]
          : []),
      ],
      each.body,
    );
    const { status } = answer;
    seen.set(status, (seen.get(status) ?? 0) + 1);
    isTokenInDoubt ||= status < 300 ? !SAFE.includes(each.method) : status === 401 && isSignedIn;
    // `expect` takes longer than the request.
    const asked = document.paths[path]?.[each.method.toLowerCase()];
    const wrong = each.method === 'HEAD' ? [] : undocumented(document, answer, path, asked);
    if (status >= 500 || wrong.length > 0) throw new Error([answer.head, ...wrong].join('\n'));
  });
  await fc.assert(property, { seed, numRuns: runs });
  return seen;
}

beforeAll(async () => {
  await app.createUser(EMAIL);
  let next = await login(server.url, EMAIL, PASSWORD);
  for (let i = 0; i < TOKENS; i += 1) next = await refreshed(server.url, next);
  if (FIRST_RUNS > 0) for (const each of operations) await fuzz(each, FIRST_RUNS);
}, 900_000);
afterAll(async () => {
  await app.dataSource.query('DELETE FROM two_factor');
  await login(server.url, EMAIL, PASSWORD).catch(afresh);
  connection.close();
  expect(await server.end()).toBe(0);
  expectNoServerErrors({ logs: takeLogs() });
  await app.close();
});

describe(`${RUNS} requests made from the API document`, () => {
  it.each(operations)(
    '$name: nothing but what it documents',
    async (each) => {
      const { name, operation } = each;
      const before = RUNS > 300 ? await heldMiB() : 0;
      const begun = performance.now();
      const seen = await fuzz(each, RUNS);
      const took = ((performance.now() - begun) / 1000).toFixed();
      if (RUNS > 300) {
        const held = await heldMiB();
        process.stderr.write(
          `${name}: ${RUNS} in ${took} s; ${JSON.stringify(Object.fromEntries(seen))}; ${held.toFixed()} MiB held, ${before.toFixed()} before\n`,
        );
        expect(held).toBeLessThan(MEMORY * before);
      }
      expectNoServerErrors({ logs: takeLogs() });
      // What answers nothing but refusals was not tried.
      const success = Object.keys(operation.responses)
        .map(Number)
        .filter((status) => status < 300);
      // Whose success takes a code, an id or a token that nobody guesses.
      if (!/two-factor\/|\{id\}|verify-email|reset-password|confirm-email|metrics/.test(name))
        expect([...seen.keys()].some((status) => success.includes(status))).toBe(true);
    },
    rounds(120_000, 3_600_000),
  );
});

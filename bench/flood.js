// @ts-check
import { once } from 'node:events';
import { connect } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import bcrypt from 'bcrypt';
import { compose } from './requests.js';
import { summarize } from './sample.js';
import { build, interrupted, Server } from './server.js';
import { UNTHROTTLED } from './stage.js';
import { System } from './system.js';

const HELP = `Usage: npm run flood -- [--seconds N]

What a flood of logins does to everybody else: 64 connections log in, with wrong and right passwords, for N seconds (20) a phase,
while 16 refresh and read films; beside it the same against plain async bcrypt.
`;

const COST = 10;
const PASSWORD = 'a right password';
const FLOOD = 64;
const OTHERS = 16;
const PATIENCE_MS = 60_000;
/** Until a phase counts. */
const WARM_UP_SECONDS = 1;

/** @typedef {{ next: () => string, accept?: (status: number, body: string) => void }} Caller one connection's requests */
/** @typedef {{ status: number, ms: number }} Reply */

/** Replies of one phase, as bare numbers: objects by the hundred thousand would make this process pause to collect them, and that would be measured. */
class Replies {
  #numbers = new Float64Array(2 << 20);
  #length = 0;

  /** @param {Reply} reply */
  push({ status, ms }) {
    if (this.#length === this.#numbers.length) throw new Error('more replies than there is room for');
    this.#numbers[this.#length++] = status;
    this.#numbers[this.#length++] = ms;
  }

  /** @returns {Reply[]} */
  all() {
    return Array.from({ length: this.#length / 2 }, (_, i) => {
      const [status = 0, ms = 0] = this.#numbers.subarray(2 * i, 2 * i + 2);
      return { status, ms };
    });
  }
}

/**
 * Asks on each caller's own connection, again as soon as it is answered, until the time is over; every reply of that time.
 * @param {number} port
 * @param {Caller[]} callers
 * @param {number} seconds
 */
async function ask(port, callers, seconds) {
  const from = performance.now() + WARM_UP_SECONDS * 1000;
  const until = from + seconds * 1000;
  const replies = new Replies();
  const sockets = callers.map((caller) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('no answer')));
    let received = '';
    let sent = 0;
    const send = () => {
      sent = performance.now();
      socket.write(caller.next(), 'latin1');
    };
    socket.on('connect', send);
    socket.on('data', (/** @type {string} */ chunk) => {
      received += chunk;
      const end = received.indexOf('\r\n\r\n');
      if (end === -1) return;
      const head = received.slice(0, end + 2);
      const body = received.slice(end + 4);
      if (body.length < Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1])) return;
      const now = performance.now();
      const status = Number(head.slice(9, 12));
      received = '';
      if (now >= from && now <= until) replies.push({ status, ms: now - sent });
      caller.accept?.(status, body);
      if (now < until) send();
    });
    return socket;
  });
  try {
    const failed = sockets.map((socket) =>
      once(socket, 'close').then(() => Promise.reject(new Error('the server closed a connection'))),
    );
    failed.forEach((each) => each.catch(() => undefined));
    const over = new Promise((resolve) => setTimeout(resolve, until - performance.now()));
    await Promise.race([over, ...failed, interrupted]);
  } finally {
    sockets.forEach((socket) => socket.destroy());
  }
  return replies.all();
}

const accountOf = (/** @type {number} */ i) => `person-${i}@example.com`;
let strangers = 0;

/** Half of them right; nobody is tried twice with a wrong one, so that each is computed. @returns {Caller[]} */
const flooding = () =>
  Array.from({ length: FLOOD }, (_, i) => ({
    next: () => {
      const wrong = { email: `stranger-${(strangers += 1)}@example.com`, password: 'a wrong password' };
      return compose('POST /v1/login', { json: i % 2 ? wrong : { email: accountOf(i), password: PASSWORD } });
    },
  }));

/** @param {number} status */
function expectSuccess(status) {
  if (status !== 200) throw new Error(`a bystander was answered ${status}`);
}

/** @param {string} token @returns {Caller} */
const refreshing = (token) => ({
  next: () => compose('POST /v1/refresh-token', { token }),
  accept: (status, body) => {
    expectSuccess(status);
    token = JSON.parse(body).access_token;
  },
});

/** @param {string} line @param {string} token @returns {Caller} */
const reading = (line, token) => ({ next: () => compose(line, { token }), accept: expectSuccess });

/** @param {string} url @param {number} i */
async function logIn(url, i) {
  const body = JSON.stringify({ email: accountOf(i), password: PASSWORD });
  const answer = await fetch(`${url}/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (answer.status !== 200) throw new Error(`a login was answered ${answer.status}`);
  return answer.headers.get('access_token') ?? '';
}

/** @param {Server} server @param {Record<string, string>} env */
async function startGatehouse(server, env) {
  await server.start({ NODE_ENV: 'test', BCRYPT_COST: String(COST), ...env });
  const hash = bcrypt.hashSync(PASSWORD, COST);
  server.insert(Array.from({ length: FLOOD }, (_, i) => ({ email: accountOf(i), hash })));
  const tokens = [];
  for (let i = 0; i < OTHERS; i += 1) tokens.push(await logIn(server.url, i));
  return tokens.map((token, i) => (i % 2 ? refreshing(token) : reading('GET /api/films', token)));
}

/** @param {Reply[]} replies @param {number} seconds */
const figures = (replies, seconds) =>
  summarize(
    replies.map(({ ms }) => ms),
    seconds * 1000,
  );

/** @param {Reply[]} replies */
function loginFigures(replies) {
  const answered = replies.filter(({ status }) => status === 200 || status === 401);
  const refused = replies.filter(({ status }) => status === 429 || status === 503);
  if (answered.length + refused.length < replies.length)
    throw new Error('a login was answered as none should be');
  return { answered: answered.length, refused };
}

/**
 * Everybody else, first alone and then beside the flood.
 * @param {number} port
 * @param {Caller[]} others
 * @param {number} seconds
 */
async function beside(port, others, seconds) {
  const idle = figures(await ask(port, others, seconds), seconds);
  const [replies, logins] = await Promise.all([ask(port, others, seconds), ask(port, flooding(), seconds)]);
  return { idle, flooded: figures(replies, seconds), logins: loginFigures(logins) };
}

/** @param {string} name @param {string} value @param {boolean} [isMet] @param {string} [mark] */
const row = (name, value, isMet, mark) =>
  `${name.padEnd(54)}${value.padStart(12)}${mark ? `   ${mark}: ${isMet ? 'met' : 'NOT MET'}` : ''}`;

/** @param {{ idle: import('./sample.js').Work, flooded: import('./sample.js').Work }} phases */
function bystanderRows({ idle, flooded }) {
  const bound = 2 * idle.p99Ms + 2;
  const kept = flooded.perSecond / idle.perSecond;
  return [
    row('p99 of the others, idle, ms', idle.p99Ms.toFixed(1)),
    row(
      'p99 of the others, under the flood, ms',
      flooded.p99Ms.toFixed(1),
      flooded.p99Ms <= bound,
      `≤ ${bound.toFixed(1)}`,
    ),
    row('their throughput, of idle', kept.toFixed(2), kept >= 0.7, '≥ 0.70'),
  ];
}

/** @param {number} seconds @param {(system: System) => void} started */
async function run(seconds, started, /** @type {Server[]} */ servers) {
  const [open, guarded] = [new Server(), new Server()];
  servers.push(open, guarded);
  const begin = async (/** @type {string} */ file) => {
    const env = { BCRYPT_COST: String(COST), PASSWORD };
    const system = new System({ file, cores: [], folder: tmpdir(), env });
    started(system);
    /** @type {unknown} */
    const facts = await system.ready();
    return { system, .../** @type {{ port: number, token: string }} */ (facts) };
  };
  const lines = [
    `load average at the start ${loadavg()[0]?.toFixed(1)}; ${seconds} s a phase; bcrypt cost ${COST}`,
  ];

  const others = await startGatehouse(open, UNTHROTTLED);
  const raw = await begin('systems/raw-bcrypt.js');
  const [, limit] = await Promise.all([
    ask(open.port, others, seconds),
    /** @type {Promise<import('./sample.js').Work>} */ (raw.system.ask('run', { seconds })),
  ]);
  await raw.system.stop();
  const hashing = await beside(open.port, others, seconds);
  await open.stop();
  const share = hashing.logins.answered / seconds / limit.perSecond;
  lines.push('', 'Gatehouse, throttles off: every login is computed', ...bystanderRows(hashing));
  const rate = (hashing.logins.answered / seconds).toFixed(1);
  lines.push(
    row('logins answered a second', rate),
    row('of raw bcrypt beside the same others', share.toFixed(2), share >= 0.9, '≥ 0.90'),
  );

  // Sessions are refreshed all the time here.
  const withLimits = await startGatehouse(guarded, { REFRESHES_PER_5_MINUTES_PER_SESSION: '0' });
  const refusing = await beside(guarded.port, withLimits, seconds);
  await guarded.stop();
  const { refused } = refusing.logins;
  const slowest = refused.reduce((most, { ms }) => Math.max(most, ms), 0);
  const prompt = (100 * refused.filter(({ ms }) => ms <= 50).length) / refused.length;
  lines.push(
    '',
    'Gatehouse, throttles as they come: nearly every login is refused',
    ...bystanderRows(refusing),
  );
  lines.push(
    row('logins refused a second', (refused.length / seconds).toFixed(0)),
    row('refusals within 50 ms', `${prompt.toFixed(2)} %`),
    row('slowest refusal, ms', slowest.toFixed(1), refused.length > 0 && slowest <= 50, '≤ 50.0'),
  );

  const plain = await begin('systems/plain-bcrypt.js');
  const probes = Array.from({ length: OTHERS }, () => reading('GET /probe', plain.token));
  const usual = await beside(plain.port, probes, seconds);
  lines.push('', 'plain Fastify, async bcrypt, a constant behind an HMAC', ...bystanderRows(usual));
  lines.push(row('logins answered a second', (usual.logins.answered / seconds).toFixed(1)));
  return lines;
}

async function main() {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '20' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) return void process.stdout.write(HELP);
  const seconds = Number(values.seconds);
  if (!(seconds >= 1)) throw new Error('--seconds: 1 at least');
  build();
  /** @type {Server[]} */
  const servers = [];
  /** @type {System[]} */
  const systems = [];
  try {
    const lines = await Promise.race([run(seconds, (system) => systems.push(system), servers), interrupted]);
    process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    await Promise.all(systems.map((system) => system.stop()));
    await Promise.all(servers.map((server) => server.stop()));
  }
}

main().then(
  () => process.exit(),
  (/** @type {Error} */ error) => {
    process.stderr.write(`flood: ${error.message}\n`);
    process.exit(1);
  },
);

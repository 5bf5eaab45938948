// @ts-check
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import { loadavg } from 'node:os';
import bcrypt from 'bcrypt';
import { spread } from './sample.js';
import { build, interrupted, Server } from './server.js';
import { UNTHROTTLED } from './stage.js';

const HELP = `Usage: npm run enumeration -- [--samples N]

Measures whether the time of an answer tells whom it is about: a refused login, a registration, a forgotten password, a token that
is no good. N samples (400) of each class at each endpoint, one request at a time, the classes in turns. Exit code 1 where two
classes can be told apart.
`;

const COST = 10;
const PASSWORD = 'a right password';
/** Of two medians. */
const DIFFERENCE = { ms: 5, share: 0.05 };
/** How often a guess by time alone, which of two answers is of which class, may be right. */
const AUC = 0.6;
const WARM_UP = 5;
/** One account less often than it takes to be slowed down. */
const TRIES_PER_ACCOUNT = 4;

/**
 * @typedef {object} Class
 * @property {string} password what is tried
 * @property {string | null} [hash] what is stored; no account where there is none
 * @property {boolean} [isDisabled]
 */

const hash = bcrypt.hashSync(PASSWORD, COST);
/** @type {Record<string, Class>} */
const classes = {
  'unknown e-mail': { password: PASSWORD },
  'wrong password': { hash, password: 'a wrong password' },
  'no password': { hash: null, password: PASSWORD },
  'disabled, right password': { hash, isDisabled: true, password: PASSWORD },
  'unreadable hash': { hash: '$2y$31$x', password: PASSWORD },
  'over-long password': { hash, password: 'x'.repeat(73) },
  [`older hash (cost ${COST - 2})`]: {
    hash: bcrypt.hashSync(PASSWORD, COST - 2),
    password: 'a wrong password',
  },
  // Made elsewhere, and cheaper than ours.
  'SHA-1 (LDAP)': { hash: `{SSHA}${'A'.repeat(32)}`, password: 'a wrong password' },
  'PBKDF2 (20,000 iterations)': {
    hash: `pbkdf2_sha256$20000$salt$${'A'.repeat(43)}=`,
    password: 'a wrong password',
  },
  'SHA-512-crypt (5,000 rounds)': { hash: `$6$salt$${'A'.repeat(86)}`, password: 'a wrong password' },
  'argon2id (19 MiB)': {
    hash: `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    password: 'a wrong password',
  },
};
/** Classes whose accounts matter where no password is compared. */
const { 'unknown e-mail': unknown, 'wrong password': known, 'no password': passwordless } = classes;
const { 'disabled, right password': disabled } = classes;
/** @type {Record<string, Class | undefined>} */
const owners = { 'unknown e-mail': unknown, 'an account': known, 'no password': passwordless, disabled };
const names = [...new Set([...Object.keys(classes), ...Object.keys(owners)])];

/**
 * @typedef {object} Endpoint
 * @property {number} status of every answer
 * @property {string[]} names of its classes
 * @property {(name: string, email: string) => object} body
 */
/** @type {(name: string, email: string) => object} */
const loginBody = (name, email) => ({ email, password: classes[name]?.password });
/** @type {Record<string, string>} */
const tokens = { 'unknown token': 'x'.repeat(43), 'short token': 'x', 'long token': 'x'.repeat(5_000) };
/** @type {Record<string, Endpoint>} */
const endpoints = {
  '/v1/login': { status: 401, names: Object.keys(classes), body: loginBody },
  '/api/users/auth': { status: 401, names: Object.keys(classes), body: loginBody },
  '/v1/register': {
    status: 202,
    names: Object.keys(owners),
    body: (_, email) => ({ email, password: PASSWORD }),
  },
  '/v1/forgot-password': { status: 202, names: Object.keys(owners), body: (_, email) => ({ email }) },
  '/v1/reset-password': {
    status: 400,
    names: Object.keys(tokens),
    body: (name) => ({ token: tokens[name], password: PASSWORD }),
  },
};
const ENDPOINTS = Object.keys(endpoints);

/** @param {string} name @param {number} sample */
const emailOf = (name, sample) =>
  `${name.replace(/\W+/g, '-')}-${Math.floor(sample / TRIES_PER_ACCOUNT)}@example.com`;

/** @param {number} tries at each account of each class */
function accountsFor(tries) {
  return names.flatMap((name) => {
    const { hash, isDisabled = false } = classes[name] ?? owners[name] ?? {};
    if (hash === undefined) return [];
    const emails = Array.from({ length: Math.ceil(tries / TRIES_PER_ACCOUNT) }, (_, i) =>
      emailOf(name, i * TRIES_PER_ACCOUNT),
    );
    return emails.map((email) => ({ email, hash, isDisabled }));
  });
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/**
 * Milliseconds until a request is answered whole.
 * @param {string} url
 * @param {object} body
 * @param {number} status the one that its answer must have
 * @returns {Promise<number>}
 */
function answeredIn(url, body, status) {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const asked = performance.now();
    const asking = request(url, { method: 'POST', headers, agent }, (answer) => {
      answer.resume().on('end', () => {
        const elapsed = performance.now() - asked;
        if (answer.statusCode === status) resolve(elapsed);
        else reject(new Error(`${url} answered ${answer.statusCode} to ${text}`));
      });
    });
    asking.on('error', reject);
    asking.end(text);
  });
}

/** @template T @param {T[]} values */
function shuffled(values) {
  const left = [...values];
  return values.map(() => /** @type {T} */ (left.splice(Math.floor(Math.random() * left.length), 1)[0]));
}

/**
 * @param {string} url
 * @param {number} samples of each class at each endpoint
 */
async function measure(url, samples) {
  const turns = Object.entries(endpoints).flatMap(([endpoint, { names, ...rest }]) =>
    names.map((name) => ({ endpoint, name, ...rest })),
  );
  /** @type {Map<string, number[]>} */
  const times = new Map(turns.map(({ endpoint, name }) => [endpoint + name, []]));
  for (let round = 0; round < WARM_UP + samples; round += 1) {
    for (const { endpoint, name, status, body } of shuffled(turns)) {
      const email = emailOf(name, ENDPOINTS.length * round + ENDPOINTS.indexOf(endpoint));
      const time = await answeredIn(url + endpoint, body(name, email), status);
      if (round >= WARM_UP) times.get(endpoint + name)?.push(time);
    }
    if (round % 50 === 49) process.stderr.write(`round ${round + 1} of ${WARM_UP + samples}\n`);
  }
  return times;
}

/**
 * How well a threshold on time tells `a` from `b`: 0.5 not at all, 1 always (area under the ROC curve, by Mann and Whitney's U).
 * @param {number[]} a
 * @param {number[]} b
 */
function auc(a, b) {
  let wins = 0;
  for (const x of a) for (const y of b) wins += x > y ? 1 : x === y ? 0.5 : 0;
  const share = wins / (a.length * b.length);
  return Math.max(share, 1 - share);
}

/** @param {(string | number)[][]} rows the first is the head */
const table = ([head = [], ...rows]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/**
 * @param {string} endpoint
 * @param {Map<string, number[]>} times
 */
function judge(endpoint, times) {
  const of = (/** @type {string} */ name) => times.get(endpoint + name) ?? [];
  const median = (/** @type {string} */ name) => spread(of(name)).median;
  const { names = [] } = endpoints[endpoint] ?? {};
  const medians = names.map((name) => [name, median(name).toFixed(1)]);
  let isBroken = false;
  const pairs = names.flatMap((a, i) =>
    names.slice(i + 1).map((b) => {
      const difference = Math.abs(median(a) - median(b));
      const bound = Math.max(DIFFERENCE.ms, DIFFERENCE.share * Math.min(median(a), median(b)));
      const area = auc(of(a), of(b));
      const isMet = difference <= bound && area <= AUC;
      if (!isMet) isBroken = true;
      const verdict = isMet ? 'met' : 'NOT MET';
      return [a, b, difference.toFixed(1), bound.toFixed(1), area.toFixed(2), verdict];
    }),
  );
  const text = [
    `### POST ${endpoint}`,
    table([['class', 'median ms'], ...medians]),
    table([['class', 'class', 'difference ms', 'at most', `AUC (at most ${AUC.toFixed(2)})`, ''], ...pairs]),
  ];
  return { text: text.join('\n\n'), isBroken };
}

async function main() {
  const { values } = parseArgs({
    options: { samples: { type: 'string', default: '400' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) return void process.stdout.write(HELP);
  const samples = Number(values.samples);
  if (!Number.isInteger(samples) || samples < 2) throw new Error('--samples: a whole number from 2 on');
  build();
  const server = new Server();
  const load = () => loadavg()[0]?.toFixed(1);
  try {
    await Promise.race([
      server.start({ NODE_ENV: 'test', BCRYPT_COST: String(COST), REGISTRATION: 'open', ...UNTHROTTLED }),
      interrupted,
    ]);
    server.insert(accountsFor(ENDPOINTS.length * (WARM_UP + samples)));
    const before = load();
    const times = await Promise.race([measure(server.url, samples), interrupted]);
    const results = ENDPOINTS.map((endpoint) => judge(endpoint, times));
    process.stdout.write(
      [
        `${samples} samples of each class at each endpoint, interleaved; bcrypt cost ${COST}; load average ${before} before, ${load()} after`,
        ...results.map(({ text }) => text),
        '',
      ].join('\n\n'),
    );
    if (results.some(({ isBroken }) => isBroken)) process.exitCode = 1;
  } finally {
    agent.destroy();
    await server.stop();
  }
}

main().then(
  () => process.exit(),
  (/** @type {Error} */ error) => {
    process.stderr.write(`enumeration: ${error.message}\n`);
    process.exit(1);
  },
);

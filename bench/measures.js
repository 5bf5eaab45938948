// @ts-check
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { compose, drive, repeat } from './load.js';
import { BCRYPT_COST, logIn } from './stage.js';
import { CONSTANT } from './systems/probe.module.js';

/** @typedef {import('./stage.js').Stage} Stage */
/** @typedef {import('./system.js').System} System */
/** @typedef {import('./load.js').Client} Client */
/** @typedef {import('./sample.js').Work & { cpuMicroseconds: number, busy: number }} Sample per thing done; `busy`: cores */

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {(seconds: number) => Promise<Sample>} measure
 *
 * @typedef {object} Measure What is alternated within one run, and compared.
 * @property {Contender[]} contenders
 * @property {{ of: string, to: string, mark?: number }[]} ratios of the first's rate to the second's
 * @property {boolean} [wantsWholeCore] the systems do nothing but compute: at their limit, they keep a core busy
 * @property {() => Promise<string[]>} [remarks] on what was seen during the measurement
 */

/** Connections of each load but the login's. */
const CONNECTIONS = 32;

/**
 * @param {string} name
 * @param {{ system: System, port: number }} server
 * @param {Client[]} clients
 * @returns {Contender}
 */
const served = (name, { system, port }, clients) => ({
  name,
  measure: (seconds) => costed(system, () => drive(port, clients, seconds)),
});

/**
 * A limit: what a process does by itself, without HTTP.
 * @param {string} name
 * @param {{ system: System }} process
 * @returns {Contender}
 */
const alone = (name, { system }) => ({
  name,
  measure: (seconds) =>
    costed(
      system,
      async () => /** @type {import('./sample.js').Work} */ (await system.ask('run', { seconds })),
    ),
});

/**
 * @param {System} system
 * @param {() => Promise<import('./sample.js').Work>} work
 * @returns {Promise<Sample>}
 */
async function costed(system, work) {
  const { result, cpuMicroseconds, elapsedMs } = await system.cost(work);
  return {
    ...result,
    cpuMicroseconds: cpuMicroseconds / result.completed,
    busy: cpuMicroseconds / 1000 / elapsedMs,
  };
}

/** @param {() => Client} client */
const everyConnection = (client) => Array.from({ length: CONNECTIONS }, client);

/**
 * @param {Stage} stage
 * @returns {Promise<Measure>}
 */
async function guarded(stage) {
  const gatehouse = await stage.pinnedGatehouse();
  const [fastify, nest] = [await stage.start('bare-fastify.js'), await stage.start('bare-nest.js')];
  const body = JSON.stringify(CONSTANT);
  const open = everyConnection(() => repeat(compose('GET /probe'), body));
  const tokens = await logIn(gatehouse, gatehouse.accounts.length);
  let i = 0;
  const withToken = everyConnection(() =>
    repeat(compose('GET /probe', { token: tokens[(i += 1) % tokens.length] }), body),
  );
  await mustRefuse(gatehouse.port, '/probe');
  const probe = served('guarded route', gatehouse, withToken);
  const count = async () => /** @type {number} */ (await gatehouse.system.ask('statements'));
  let [requests, statements] = [0, 0];
  return {
    contenders: [
      served('bare Fastify', fastify, open),
      {
        name: probe.name,
        measure: async (seconds) => {
          const before = await count();
          const sample = await probe.measure(seconds);
          statements += (await count()) - before;
          requests += sample.completed;
          return sample;
        },
      },
      served('bare Nest on Fastify', nest, open),
    ],
    ratios: [
      { of: 'guarded route', to: 'bare Fastify', mark: 0.35 },
      { of: 'guarded route', to: 'bare Nest on Fastify' },
    ],
    wantsWholeCore: true,
    remarks: async () => {
      // A counter that cannot count would be content with anything.
      const before = await count();
      await firstAnswer(gatehouse.port, '/api/films', tokens[0]);
      assert((await count()) > before, 'the statements of a films request were not counted');
      return [`database statements during ${requests} guarded requests: ${statements} (0 expected)`];
    },
  };
}

/**
 * @param {Stage} stage
 * @returns {Promise<Measure>}
 */
async function films(stage) {
  const gatehouse = await stage.pinnedGatehouse();
  const raw = await stage.start('raw-films.js', { env: { DATABASE_FILE: gatehouse.databaseFile } });
  const [token] = await logIn(gatehouse, 1);
  await mustRefuse(gatehouse.port, '/api/films');
  const body = await firstAnswer(gatehouse.port, '/api/films', token);
  const rawBody = await firstAnswer(raw.port, '/api/films');
  assert.deepEqual(JSON.parse(rawBody), JSON.parse(body), 'the films are not the same in both systems');
  const withToken = everyConnection(() => repeat(compose('GET /api/films', { token }), body));
  const open = everyConnection(() => repeat(compose('GET /api/films'), rawBody));
  return {
    contenders: [
      served('better-sqlite3 behind Fastify', raw, open),
      served('GET /api/films', gatehouse, withToken),
    ],
    ratios: [{ of: 'GET /api/films', to: 'better-sqlite3 behind Fastify' }],
    wantsWholeCore: true,
  };
}

/**
 * @param {Stage} stage
 * @returns {Promise<Measure>}
 */
async function refresh(stage) {
  const gatehouse = await stage.pinnedGatehouse();
  const raw = await stage.start('raw-update.js');
  return {
    contenders: [
      alone('raw UPDATE (SQLite, FULL)', raw),
      served('refresh (SQLite)', gatehouse, (await logIn(gatehouse, CONNECTIONS)).map(refreshing)),
    ],
    ratios: [{ of: 'refresh (SQLite)', to: 'raw UPDATE (SQLite, FULL)' }],
  };
}

/**
 * @param {Stage} stage
 * @returns {Promise<Measure>}
 */
async function refreshPostgresql(stage) {
  const server = process.env['BENCH_DATABASE_URL'];
  const name = `gatehouse_bench_${randomBytes(6).toString('hex')}`;
  const url = Object.assign(new URL(server ?? ''), { pathname: `/${name}` });
  await administer(server, `CREATE DATABASE ${name}`);
  stage.atTheEnd(() => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  const env = { DATABASE_URL: url.href };
  const gatehouse = await stage.startGatehouse({ env });
  const raw = await stage.start('raw-update-postgresql.js', { env });
  return {
    contenders: [
      alone('raw UPDATE (PostgreSQL)', raw),
      served('refresh (PostgreSQL)', gatehouse, (await logIn(gatehouse, CONNECTIONS)).map(refreshing)),
    ],
    ratios: [{ of: 'refresh (PostgreSQL)', to: 'raw UPDATE (PostgreSQL)' }],
  };
}

/**
 * @param {Stage} stage
 * @returns {Promise<Measure>}
 */
async function login(stage) {
  const cores = stage.allCores;
  const gatehouse = await stage.startGatehouse({ cores });
  const raw = await stage.start('raw-bcrypt.js', { cores, env: { BCRYPT_COST: String(BCRYPT_COST) } });
  return {
    contenders: [
      alone('raw bcrypt', raw),
      served(
        'login',
        gatehouse,
        gatehouse.accounts.map((account) => ({
          request: () => compose('POST /v1/login', { json: account }),
          accept: (body, head) => {
            const answer = /** @type {{ id: string, email: string }} */ (JSON.parse(body));
            if (answer.email !== account.email || !/\r\naccess_token: \S+\r\n/.test(head)) {
              throw new Error('not the account that logged in');
            }
          },
        })),
      ),
    ],
    ratios: [{ of: 'login', to: 'raw bcrypt', mark: 0.9 }],
  };
}

/**
 * A client that follows its session: each request carries the newest token.
 * @param {string} token
 * @returns {Client}
 */
function refreshing(token) {
  return {
    request: () => compose('POST /v1/refresh-token', { token }),
    accept: (body, head) => {
      const next = /** @type {{ access_token: string }} */ (JSON.parse(body)).access_token;
      if (next === token || !head.includes(`\r\naccess_token: ${next}\r\n`)) throw new Error('no new token');
      token = next;
    },
  };
}

/**
 * @param {number} port
 * @param {string} path
 * @param {string} [token]
 */
async function firstAnswer(port, path, token) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  if (answer.status !== 200) throw new Error(`GET ${path} was answered ${answer.status}`);
  return answer.text();
}

/**
 * A guarded route that is open measures nothing.
 * @param {number} port
 * @param {string} path
 */
async function mustRefuse(port, path) {
  const { status } = await fetch(`http://127.0.0.1:${port}${path}`);
  if (status !== 401) throw new Error(`GET ${path} without a token was answered ${status}`);
}

/**
 * @param {string | undefined} connectionString
 * @param {string} sql
 */
async function administer(connectionString, sql) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** @type {Record<string, (stage: Stage) => Promise<Measure>>} */
export const measures = { guarded, films, refresh, 'refresh-postgresql': refreshPostgresql, login };

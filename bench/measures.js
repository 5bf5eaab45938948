// @ts-check
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { alone, served } from './contender.js';
import { compose, firstAnswer, loggingIn, logIn, mustRefuse, refreshing, repeat } from './requests.js';
import { BCRYPT_COST } from './stage.js';
import { CONSTANT } from './systems/probe.module.js';

/** @typedef {import('./stage.js').Stage} Stage */
/** @typedef {import('./contender.js').Measure} Measure */
/** @typedef {import('./load.js').Client} Client */

/** Connections of each load but the login's. */
const CONNECTIONS = 32;

/** @param {(i: number) => Client} client */
const everyConnection = (client) => Array.from({ length: CONNECTIONS }, (_, i) => client(i));

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
  const withToken = everyConnection((i) =>
    repeat(compose('GET /probe', { token: tokens[i % tokens.length] }), body),
  );
  await mustRefuse(gatehouse.port, '/probe');
  const probe = served('guarded route', gatehouse, withToken);
  const count = async () => /** @type {number} */ (await gatehouse.system.ask('statements'));
  let [requests, statements, time] = [0, 0, 0];
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
          time += seconds;
          return sample;
        },
      },
      served('bare Nest on Fastify', nest, open),
    ],
    ratios: [
      { of: 'guarded route', to: 'bare Fastify', mark: 0.35 },
      { of: 'guarded route', to: 'bare Nest on Fastify' },
    ],
    warmUp: 20_000,
    wantsWholeCore: true,
    remarks: async () => {
      // A counter that cannot count would be content with anything.
      const before = await count();
      await firstAnswer(gatehouse.port, '/api/films', tokens[0]);
      assert((await count()) > before, 'the statements of a films request were not counted');
      // What goes on by itself, such as the question for revocations each second, is no request's.
      const [idle, idleSeconds] = [await count(), 5];
      await sleep(idleSeconds * 1000);
      const [busy, quiet] = [statements / time, ((await count()) - idle) / idleSeconds];
      return [
        `database statements a second: ${busy.toFixed(1)} during ${requests} guarded requests, ${quiet.toFixed(1)} during none`,
      ];
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
    warmUp: 5_000,
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
    ratios: [{ of: 'refresh (SQLite)', to: 'raw UPDATE (SQLite, FULL)', mark: 0.5 }],
    warmUp: 5_000,
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
    ratios: [{ of: 'refresh (PostgreSQL)', to: 'raw UPDATE (PostgreSQL)', mark: 0.6 }],
    warmUp: 5_000,
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
    contenders: [alone('raw bcrypt', raw), served('login', gatehouse, gatehouse.accounts.map(loggingIn))],
    ratios: [{ of: 'login', to: 'raw bcrypt', mark: 0.9 }],
    warmUp: 1,
  };
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

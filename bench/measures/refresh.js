// @ts-check
import { alone, served } from '../contender.js';
import { CONNECTIONS } from '../load.js';
import { newDatabase } from '../postgresql.js';
import { logIn, peerClients, refreshing, refreshingAt } from '../requests.js';

/** @typedef {import('../stage.js').Stage} Stage */
/** @typedef {import('../contender.js').Measure} Measure */

const [OURS, RAW] = ['refresh (SQLite)', 'raw UPDATE (SQLite, FULL)'];

/**
 * @param {Stage} stage
 * @returns {Promise<Measure>}
 */
export async function refresh(stage) {
  const gatehouse = await stage.pinnedGatehouse();
  const raw = await stage.start('systems/raw-update.js');
  const peers = [];
  for (const name of stage.peers) if (REFRESHING.has(name)) peers.push(await peerContender(stage, name));
  return {
    contenders: [
      alone(RAW, raw),
      served(OURS, gatehouse, (await logIn(gatehouse, CONNECTIONS)).map(refreshing)),
      ...peers,
    ],
    ratios: [{ of: OURS, to: RAW, mark: 0.6 }, ...peers.map(({ name }) => ({ of: OURS, to: name, mark: 1 }))],
    warmUp: 5_000,
    charts: [{ title: 'Refreshes a second, one core', quantity: 'perSecond', ours: [OURS] }],
  };
}

/** What each must be told, so that it refreshes whenever it is asked. @type {Map<string, Record<string, string>>} */
const REFRESHING = new Map([
  ['better-auth', { BENCH_RENEW: '1' }],
  ['directus', {}],
]);

/**
 * @param {Stage} stage
 * @param {string} name
 */
async function peerContender(stage, name) {
  const peer = await stage.peer(name, REFRESHING.get(name));
  const { tokens } = await peerClients(peer, CONNECTIONS);
  const clients = tokens.map(({ refresh: token }) => refreshingAt(peer.client, token));
  return served(`refresh at ${peer.client.title}`, peer, clients);
}

/**
 * @param {Stage} stage
 * @returns {Promise<Measure>}
 */
export async function refreshPostgresql(stage) {
  const env = { DATABASE_URL: await newDatabase(stage) };
  const gatehouse = await stage.startGatehouse({ env });
  const raw = await stage.start('systems/raw-update-postgresql.js', { env });
  return {
    contenders: [
      alone('raw UPDATE (PostgreSQL)', raw),
      served('refresh (PostgreSQL)', gatehouse, (await logIn(gatehouse, CONNECTIONS)).map(refreshing)),
    ],
    ratios: [{ of: 'refresh (PostgreSQL)', to: 'raw UPDATE (PostgreSQL)', mark: 0.7 }],
    warmUp: 5_000,
  };
}

// @ts-check
import { pin } from '../cores.js';
import { drive } from '../load.js';
import {
  compose,
  loggingIn,
  loggingInTo,
  logIn,
  peerClients,
  refreshing,
  refreshingAt,
  repeat,
} from '../requests.js';
import { CONSTANT } from '../systems/constant.js';

/** @typedef {import('../stage.js').Stage} Stage */
/** @typedef {import('../load.js').Client} Client */
/** @typedef {{ port: number, guarding: Client[], refreshing: Client[], flooding: Client[] }} Scene */

const FLOOD = 64;
/** Of each kind. */
const BYSTANDERS = 8;
/** Until the flood has filled the queue of logins. */
const ONSET_SECONDS = 0.5;

const OURS = 'Gatehouse';

/**
 * What a flood of logins does to everybody else.
 * @param {Stage} stage
 * @param {{ rounds: number }} lengths
 * @returns {Promise<import('../contender.js').Measure>}
 */
export async function calm(stage, { rounds }) {
  const ours = await gatehouseScene(stage);
  const peers = [];
  for (const name of stage.peers) peers.push(await peerContender(stage, name));
  const titles = peers.map(({ name }) => name);
  return {
    contenders: [{ name: OURS, measure: (seconds) => flooded(ours, seconds) }, ...peers],
    ratios: [
      ...['guardedTimesIdle', 'refreshTimesIdle'].map((quantity) => ({
        of: OURS,
        quantity,
        mark: 1.5,
        atMost: true,
      })),
      ...titles.map((to) => ({ of: OURS, to, quantity: 'guardedTimesIdle', mark: 1, atMost: true })),
      ...peers
        .filter(({ refreshes }) => refreshes)
        .map(({ name: to }) => ({ of: OURS, to, quantity: 'refreshTimesIdle', mark: 1, atMost: true })),
    ],
    // After each flood, what is left of it must be answered.
    rounds: Math.max(1, rounds - 2),
    charts: [
      {
        title: 'p99 of guarded requests under a flood of logins, ms',
        quantity: 'guardedFloodP99Ms',
        ours: [OURS],
      },
    ],
  };
}

/** @param {Stage} stage @returns {Promise<Scene>} */
async function gatehouseScene(stage) {
  const gatehouse = await stage.wideGatehouse();
  const body = JSON.stringify(CONSTANT);
  const tokens = await logIn(gatehouse, 2 * BYSTANDERS);
  return {
    port: gatehouse.port,
    guarding: tokens.slice(BYSTANDERS).map((token) => repeat(compose('GET /probe', { token }), body)),
    refreshing: tokens.slice(0, BYSTANDERS).map(refreshing),
    flooding: flood(gatehouse.accounts, loggingIn),
  };
}

/** @param {Stage} stage @param {string} name */
async function peerContender(stage, name) {
  const peer = await stage.peer(name);
  const { client, port, accounts } = peer;
  const { guarding, tokens } = await peerClients(peer, 2 * BYSTANDERS);
  // Another system's session of its own is renewed by every check, if at all: better-auth's.
  const refreshes = name === 'directus';
  const scene = {
    port,
    guarding: guarding.slice(BYSTANDERS),
    refreshing: refreshes
      ? tokens.slice(0, BYSTANDERS).map(({ refresh }) => refreshingAt(client, refresh))
      : [],
    flooding: flood(accounts, (account) => loggingInTo(client, account)),
  };
  return {
    name: client.title,
    refreshes,
    measure: async (/** @type {number} */ seconds) => {
      // Hashing threads need room, as Gatehouse has it here.
      pin(peer.system.child.pid, stage.allCores);
      const sample = await flooded(scene, seconds);
      pin(peer.system.child.pid, stage.oneCore);
      return sample;
    },
  };
}

/**
 * @template A
 * @param {A[]} accounts
 * @param {(account: A) => Client} client
 */
const flood = (accounts, client) =>
  Array.from({ length: FLOOD }, (_, i) => client(/** @type {A} */ (accounts[i % accounts.length])));

/**
 * The bystanders alone, then beside the flood.
 * @param {Scene} scene
 * @param {number} seconds
 * @returns {Promise<import('../contender.js').Sample>}
 */
async function flooded({ port, guarding, refreshing, flooding }, seconds) {
  const bystanders = async () => {
    const [guarded, refreshed] = await Promise.all([
      drive(port, guarding, seconds),
      refreshing.length > 0 ? drive(port, refreshing, seconds) : undefined,
    ]);
    return { guarded: guarded.p99Ms, refreshed: refreshed?.p99Ms };
  };
  const idle = await bystanders();
  const logins = drive(port, flooding, ONSET_SECONDS + seconds);
  await new Promise((resolve) => setTimeout(resolve, ONSET_SECONDS * 1000));
  const during = await bystanders();
  const { perSecond } = await logins;
  return {
    guardedIdleP99Ms: idle.guarded,
    guardedFloodP99Ms: during.guarded,
    guardedTimesIdle: during.guarded / idle.guarded,
    ...(idle.refreshed !== undefined &&
      during.refreshed !== undefined && {
        refreshIdleP99Ms: idle.refreshed,
        refreshFloodP99Ms: during.refreshed,
        refreshTimesIdle: during.refreshed / idle.refreshed,
      }),
    loginsPerSecond: perSecond,
  };
}

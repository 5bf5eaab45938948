// @ts-check
import { once } from 'node:events';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeOf } from '../peers.js';
import { residentMb } from '../rss.js';
import { gatehouseSettings } from '../stage.js';
import { portOf } from '../systems/channel.js';

/** @typedef {import('../stage.js').Stage} Stage */

const [OURS, BARE] = ['node dist/main.js', 'node, bare Fastify'];
/** Until the memory of a server that nobody asks is read. */
const IDLE_MS = 1000;
const PATIENCE_MS = 120_000;

/**
 * From the start of a process to its first 200, with a database that is there and migrated.
 * @param {Stage} stage
 * @returns {Promise<import('../contender.js').Measure>}
 */
export async function start(stage) {
  const settings = gatehouseSettings(stage.newFolder('data'));
  /** @type {Program[]} */
  const programs = [
    { name: BARE, file: 'systems/bare-fastify.js', path: '/probe' },
    { name: OURS, file: '../dist/main.js', path: '/readyz', env: settings },
  ];
  for (const name of stage.peers) {
    const { client, folder } = await stage.peer(name);
    const file = `peers/${name}/server.js`;
    programs.push({ name: client.title, file, path: client.open, folder, node: nodeOf(name) });
  }
  const [bare, ours, ...peers] = programs;
  // Once before it counts, as the peers were: the database is made, and the files are in the kernel's cache.
  for (const program of [bare, ours]) if (program) await startOnce(stage, program);
  return {
    contenders: programs.map((program) => ({
      name: program.name,
      measure: () => startOnce(stage, program),
    })),
    ratios: [
      { of: OURS, to: BARE, quantity: 'startMs', mark: 4, atMost: true },
      ...peers.map(({ name: to }) => ({ of: OURS, to, quantity: 'startMs', mark: 1, atMost: true })),
      { of: OURS, to: BARE, quantity: 'idleMb', mark: 2.5, atMost: true },
    ],
    charts: [
      { title: 'From start to first answer, ms', quantity: 'startMs', ours: [OURS] },
      { title: 'Memory when idle, MB', quantity: 'idleMb', ours: [OURS] },
    ],
  };
}

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {string} file
 * @property {string} path of a route that answers 200
 * @property {Record<string, string>} [env]
 * @property {string} [folder]
 * @property {string} [node]
 */

/** @param {Stage} stage @param {Program} program */
async function startOnce(stage, { file, path, env = {}, ...options }) {
  const port = await freePort();
  const began = performance.now();
  const system = stage.launch(file, { ...options, env: { ...env, PORT: String(port) } });
  while (!(await answers(port, path))) {
    if (performance.now() - began > PATIENCE_MS || system.hasEnded) throw new Error(`${file} does not start`);
    await sleep(2);
  }
  const startMs = performance.now() - began;
  await sleep(IDLE_MS);
  const idleMb = residentMb(system.child.pid);
  await system.kill();
  return { startMs, idleMb };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * @param {number} port
 * @param {string} path
 * @returns {Promise<boolean>} whether well: some have nothing to say, a 204
 */
function answers(port, path) {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (answer) => {
      answer.resume();
      const { statusCode = 0 } = answer;
      resolve(statusCode >= 200 && statusCode < 300);
    }).on('error', () => resolve(false));
  });
}

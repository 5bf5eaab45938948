// @ts-check
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientOf, installPeer, nodeOf } from './peers.js';
import { System } from './system.js';

/** Of a login; what Gatehouse allows at the least, so that many fit into one run. */
export const BCRYPT_COST = 10;

/** The limits that a load generator would meet at once. */
export const UNTHROTTLED = {
  LOGINS_PER_MINUTE_PER_ADDRESS: '0',
  LOGIN_FAILURES_PER_MINUTE_PER_ADDRESS: '0',
  LOGIN_FAILURES_PER_DAY_PER_ACCOUNT: '0',
  REFRESHES_PER_5_MINUTES_PER_SESSION: '0',
  ACCOUNT_REQUESTS_PER_MINUTE_PER_ADDRESS: '0',
  MAILS_PER_HOUR_PER_EMAIL: '0',
  MAX_SESSIONS_PER_USER: '1000',
  LOGIN_QUEUE_MAX_WAIT_MS: '60000',
};
const PASSWORD = 'a right password';
const EMAILS = Array.from(
  { length: Math.max(16, 2 * availableParallelism()) },
  (_, i) => `person-${i}@example.com`,
);
const ACCOUNTS = EMAILS.map((email) => ({ email, password: PASSWORD }));

/**
 * @typedef {object} Gatehouse
 * @property {System} system
 * @property {number} port
 * @property {string} databaseFile of the embedded database
 * @property {Record<string, string>} settings
 * @property {{ email: string, password: string }[]} accounts
 */

/**
 * What Gatehouse wants to be told for production.
 * @param {string} dataDir
 */
export const gatehouseSettings = (dataDir) => ({
  // One address and one session do all the asking here.
  ...UNTHROTTLED,
  DATA_DIR: dataDir,
  JWT_SECRET: randomBytes(48).toString('base64url'),
  ENCRYPTION_KEY: randomBytes(48).toString('base64url'),
  BCRYPT_COST: String(BCRYPT_COST),
  BOOTSTRAP_ADMIN_PASSWORD: PASSWORD,
});

/** Tells whoever waits; stdout is for the results. @param {string} line */
export const say = (line) => process.stderr.write(`${line}\n`);

/**
 * @typedef {object} StartedPeer
 * @property {System} system
 * @property {number} port
 * @property {import('./peers.js').Peer} client
 * @property {{ email: string, password: string }[]} accounts
 * @property {string} folder of its data
 */

/** Where the systems run: the cores, a folder for their data, and the systems started so far. */
export class Stage {
  /** @type {System[]} */
  #systems = [];
  /** @type {(() => Promise<void>)[]} */
  #duties = [];
  /** @type {Map<string, Promise<Gatehouse>>} */
  #gatehouses = new Map();
  /** @type {Map<string, Promise<StartedPeer>>} */
  #peers = new Map();
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));

  /**
   * @param {number[]} cores what this process may use; none: nothing is pinned
   * @param {string[]} peers those that are asked for
   * @param {string | undefined} profiles where each system leaves a CPU profile
   */
  constructor(cores, peers, profiles) {
    this.peers = peers;
    this.allCores = cores;
    this.oneCore = cores.slice(0, 1);
    this.profiles = profiles;
  }

  /**
   * Launches a system, on one core unless told otherwise.
   * @param {string} file
   * @param {{ cores?: number[], env?: Record<string, string>, folder?: string, node?: string }} [options]
   */
  launch(file, { cores = this.oneCore, folder = this.folder, ...options } = {}) {
    const system = new System({ file, cores, folder, profiles: this.profiles, ...options });
    this.#systems.push(system);
    return system;
  }

  /**
   * Launches a system, and waits until it can be used.
   * @param {string} file
   * @param {Parameters<Stage['launch']>[1]} [options]
   */
  async start(file, options) {
    const system = this.launch(file, options);
    return { system, ...(await system.ready()) };
  }

  /** A folder of a system's own. @param {string} name */
  newFolder(name) {
    return mkdtempSync(join(this.folder, `${name}-`));
  }

  /** The one on the embedded database and one core, with accounts; started when first asked for. */
  pinnedGatehouse() {
    return once(this.#gatehouses, 'pinned', () => this.startGatehouse());
  }

  /** The one on the embedded database and all cores, likewise. */
  wideGatehouse() {
    return once(this.#gatehouses, 'wide', () => this.startGatehouse({ cores: this.allCores }));
  }

  /**
   * A peer on one core, with accounts; started, and before that installed, when first asked for.
   * @param {string} name
   * @param {Record<string, string>} [env]
   */
  peer(name, env = {}) {
    return once(this.#peers, `${name} ${Object.keys(env)}`, () => this.#startPeer(name, env));
  }

  /**
   * @param {string} name
   * @param {Record<string, string>} env
   * @returns {Promise<StartedPeer>}
   */
  async #startPeer(name, env) {
    installPeer(name, say);
    const folder = this.newFolder(name);
    const started = await this.start(`peers/${name}/server.js`, { folder, env, node: nodeOf(name) });
    await started.system.ask('createAccounts', { emails: EMAILS, password: PASSWORD });
    return { ...started, client: await clientOf(name), accounts: ACCOUNTS, folder };
  }

  /**
   * @param {{ cores?: number[], env?: Record<string, string>, emails?: string[] }} [options] `emails` of the accounts to make
   * @returns {Promise<Gatehouse>}
   */
  async startGatehouse({ cores = this.oneCore, env = {}, emails = EMAILS } = {}) {
    const settings = { ...gatehouseSettings(this.newFolder('data')), ...env };
    const started = await this.start('systems/gatehouse.js', { cores, env: settings });
    await started.system.ask('createAccounts', { emails, password: PASSWORD });
    return { ...started, settings, accounts: ACCOUNTS };
  }

  /** @param {() => Promise<void>} duty to be done when all systems have stopped, however the run went */
  atTheEnd(duty) {
    this.#duties.push(duty);
  }

  async close() {
    await Promise.all(this.#systems.map((system) => system.stop()));
    for (const duty of this.#duties) await duty();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * What was made under this name, or makes it.
 * @template T
 * @param {Map<string, Promise<T>>} made
 * @param {string} name
 * @param {() => Promise<T>} make
 */
function once(made, name, make) {
  const one = made.get(name) ?? make();
  made.set(name, one);
  return one;
}

// @ts-check
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
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
  LOGIN_QUEUE_MAX_WAIT_MS: '60000',
};
const PASSWORD = 'a right password';
const ACCOUNTS = Math.max(16, 2 * availableParallelism());

/**
 * @typedef {object} Gatehouse
 * @property {System} system
 * @property {number} port
 * @property {string} databaseFile of the embedded database
 * @property {{ email: string, password: string }[]} accounts
 */

/** Where the systems run: the cores, a folder for their data, and the systems started so far. */
export class Stage {
  /** @type {System[]} */
  #systems = [];
  /** @type {(() => Promise<void>)[]} */
  #duties = [];
  /** @type {Promise<Gatehouse> | undefined} */
  #pinnedGatehouse;
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));

  /**
   * @param {number[]} cores what this process may use; none: nothing is pinned
   * @param {string | undefined} profiles where each system leaves a CPU profile
   */
  constructor(cores, profiles) {
    this.allCores = cores;
    this.oneCore = cores.slice(0, 1);
    this.profiles = profiles;
  }

  /**
   * Starts a system, on one core unless told otherwise.
   * @param {string} file
   * @param {{ cores?: number[], env?: Record<string, string> }} [options]
   */
  async start(file, { cores = this.oneCore, env = {} } = {}) {
    const launch = { file, cores, env, folder: this.folder, profiles: this.profiles };
    const system = new System(launch);
    this.#systems.push(system);
    return { system, ...(await system.ready()) };
  }

  /** The one on the embedded database and one core, with accounts; started when first asked for. */
  pinnedGatehouse() {
    this.#pinnedGatehouse ??= this.startGatehouse();
    return this.#pinnedGatehouse;
  }

  /**
   * @param {{ cores?: number[], env?: Record<string, string> }} [options]
   * @returns {Promise<Gatehouse>}
   */
  async startGatehouse({ cores = this.oneCore, env = {} } = {}) {
    const started = await this.start('gatehouse.js', {
      cores,
      env: {
        // One address and one session do all the asking here.
        ...UNTHROTTLED,
        DATA_DIR: mkdtempSync(join(this.folder, 'data-')),
        JWT_SECRET: randomBytes(48).toString('base64url'),
        ENCRYPTION_KEY: randomBytes(48).toString('base64url'),
        BCRYPT_COST: String(BCRYPT_COST),
        BOOTSTRAP_ADMIN_PASSWORD: PASSWORD,
        ...env,
      },
    });
    const emails = Array.from({ length: ACCOUNTS }, (_, i) => `person-${i}@example.com`);
    await started.system.ask('createAccounts', { emails, password: PASSWORD });
    return { ...started, accounts: emails.map((email) => ({ email, password: PASSWORD })) };
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

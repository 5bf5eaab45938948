// @ts-check
import { drive } from './load.js';

/** @typedef {import('./load.js').Client} Client */
/** @typedef {import('./sample.js').Work} Work */
/** @typedef {import('./system.js').System} System */
/** @typedef {Work & { cpuMicroseconds: number, busy: number }} Sample per thing done; `busy`: cores */

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {(seconds: number) => Promise<Sample>} measure
 *
 * @typedef {object} Measure What is alternated within one run, and compared.
 * @property {Contender[]} contenders
 * @property {{ of: string, to: string, mark?: number }[]} ratios of the first's rate to the second's
 * @property {number} warmUp how often each contender does its work before it counts
 * @property {boolean} [wantsWholeCore] the systems do nothing but compute: at their limit, they keep a core busy
 * @property {() => Promise<string[]>} [remarks] on what was seen during the measurement
 */

/**
 * @param {string} name
 * @param {{ system: System, port: number }} server
 * @param {Client[]} clients
 * @returns {Contender}
 */
export const served = (name, { system, port }, clients) => ({
  name,
  measure: (seconds) => costed(system, () => drive(port, clients, seconds)),
});

/**
 * A limit: what a process does by itself, without HTTP.
 * @param {string} name
 * @param {{ system: System }} process
 * @returns {Contender}
 */
export const alone = (name, { system }) => ({
  name,
  measure: (seconds) =>
    costed(system, async () => /** @type {Work} */ (await system.ask('run', { seconds }))),
});

/**
 * @param {System} system
 * @param {() => Promise<Work>} work
 * @returns {Promise<Sample>}
 */
async function costed(system, work) {
  const cpu = async () => /** @type {number} */ (await system.ask('cpu'));
  const [before, began] = [await cpu(), performance.now()];
  const done = await work();
  const elapsedMs = performance.now() - began;
  const cpuMicroseconds = (await cpu()) - before;
  return {
    ...done,
    cpuMicroseconds: cpuMicroseconds / done.completed,
    busy: cpuMicroseconds / 1000 / elapsedMs,
  };
}

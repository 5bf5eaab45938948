// @ts-check
import { drive } from './load.js';

/** @typedef {import('./load.js').Client} Client */
/** @typedef {import('./sample.js').Work} Work */
/** @typedef {import('./system.js').System} System */
/** @typedef {Record<string, number>} Sample what one round showed, by the names in `report.js` */

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {(seconds: number) => Promise<Sample>} measure
 *
 * @typedef {object} Comparison Of a quantity, the rate unless another is named: the first's to the second's, or the first's own.
 * @property {string} of
 * @property {string} [to]
 * @property {string} [quantity]
 * @property {[string, string]} [as] what and against what the tables say, where it is not the contenders' names
 * @property {number | undefined} [mark]
 * @property {boolean} [atMost] whether less is better
 *
 * @typedef {object} Measure What is alternated within one run, and compared.
 * @property {Contender[]} contenders
 * @property {Comparison[]} ratios
 * @property {number} [warmUp] how often each contender does its work before it counts
 * @property {number} [rounds] fewer, where one takes long or says it all
 * @property {boolean} [isSlow] whether one thing takes so long that the windows must be longer
 * @property {boolean} [wantsWholeCore] the systems do nothing but compute: at their limit, they keep a core busy
 * @property {{ title: string, quantity: string, ours: string[] }[]} [charts]
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
  measure: (seconds) => costed([system], () => drive(port, clients, seconds)),
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
    costed([system], async () => /** @type {Work} */ (await system.ask('run', { seconds }))),
});

/**
 * @param {System[]} systems
 * @param {() => Promise<Work>} work
 */
export async function costed(systems, work) {
  const cpu = async () => {
    const each = await Promise.all(systems.map((system) => system.ask('cpu')));
    return /** @type {number[]} */ (each).reduce((sum, one) => sum + one, 0);
  };
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

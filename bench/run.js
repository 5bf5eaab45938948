// @ts-check
import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { measures } from './measures.js';
import { ratioOf, resultOf } from './report.js';
import { say } from './stage.js';

/** @typedef {import('./stage.js').Stage} Stage */
/** @typedef {import('./measures.js').Lengths} Lengths */

const WARM_UP_WINDOW_SECONDS = 0.5;

/** A system that leaves more of its core idle than that was not at its limit. */
const BUSY = 0.9;

const TMPFS = 0x01021994;

/**
 * Alternates the contenders of one measure: A B A B …
 * @param {import('./contender.js').Measure} measure
 * @param {Lengths} lengths
 */
async function alternate({ contenders, warmUp = 0, isSlow = false, ...measure }, lengths) {
  const rounds = Math.min(lengths.rounds, measure.rounds ?? lengths.rounds);
  const [seconds, warmUpSeconds] = isSlow
    ? [lengths.slowSeconds, lengths.slowWarmUpSeconds]
    : [lengths.seconds, lengths.warmUpSeconds];
  /** @type {Map<string, import('./contender.js').Sample[]>} */
  const samples = new Map(contenders.map(({ name }) => [name, []]));
  for (const { name, measure } of contenders) {
    // By number, as the compiler goes, and not by time: on a busy machine a second is little.
    const deadline = performance.now() + warmUpSeconds * 1000;
    for (let done = 0; done < warmUp && performance.now() < deadline;) {
      done += (await named(name, () => measure(WARM_UP_WINDOW_SECONDS)))['completed'] ?? warmUp;
    }
  }
  for (let round = 1; round <= rounds; round += 1) {
    const shown = [];
    for (const { name, measure } of contenders) {
      const sample = await named(name, () => measure(seconds));
      samples.get(name)?.push(sample);
      shown.push(
        `${name} ${Object.values('perSecond' in sample ? [sample['perSecond']] : sample).map((value) => value?.toFixed(1))}`,
      );
    }
    say(`  round ${round} of ${rounds}: ${shown.join('; ')}`);
  }
  return samples;
}

/**
 * Says whose fault it was.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 */
async function named(name, work) {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${name}: ${/** @type {Error} */ (error).message}`, { cause: error });
  }
}

/** @param {Stage} stage */
function conditions({ allCores, oneCore, folder }) {
  const [, generatorCore] = allCores;
  const pinned =
    allCores.length === 0
      ? 'taskset is missing: nothing is pinned, and the figures scatter more'
      : generatorCore === undefined
        ? 'only one core: the load generator and the systems share it'
        : `systems on core ${oneCore}, load generator on core ${generatorCore}; login and raw bcrypt on cores ${allCores}`;
  const notDurable =
    statfsSync(folder).type === TMPFS && `${folder} is in memory: its UPDATEs are not durable; set TMPDIR`;
  return [
    `Node ${process.version}, ${allCores.length || availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}, ` +
      `load average at the start ${loadavg()[0]?.toFixed(1)}`,
    pinned,
    ...(notDurable ? [notDurable] : []),
  ];
}

/**
 * @param {string[]} chosen
 * @param {Stage} stage
 * @param {Lengths} lengths
 */
export async function run(chosen, stage, lengths) {
  /** @type {import('./report.js').Result[]} */
  const results = [];
  /** @type {import('./report.js').Ratio[]} */
  const ratios = [];
  /** @type {import('./chart.js').Panel[]} */
  const panels = [];
  const remarks = conditions(stage);
  for (const name of chosen) {
    say(name);
    const measure = await measures[name]?.(stage, lengths);
    if (!measure) continue;
    const samples = await alternate(measure, lengths);
    const measured = [...samples].map(([contender, each]) => resultOf(name, contender, each));
    results.push(...measured);
    const idle = measure.wantsWholeCore
      ? measured.filter(({ figures }) => (figures['busy']?.median ?? 0) < BUSY)
      : [];
    for (const { name: contender, figures } of idle) {
      remarks.push(
        `${contender} had its core to ${figures['busy']?.median.toFixed(2)} only: something else was the limit, compare by CPU`,
      );
    }
    const idleNames = idle.map(({ name: contender }) => contender);
    for (const ratio of measure.ratios) {
      const judgeByCpu = [ratio.of, ratio.to ?? ''].some((contender) => idleNames.includes(contender));
      ratios.push(ratioOf(ratio, samples, judgeByCpu));
    }
    panels.push(...(measure.charts ?? []).map((each) => panelOf(each, measured)));
    remarks.push(...((await measure.remarks?.()) ?? []));
  }
  return { remarks, results, ratios, panels };
}

/**
 * @param {NonNullable<import('./contender.js').Measure['charts']>[number]} wanted
 * @param {import('./report.js').Result[]} measured
 * @returns {import('./chart.js').Panel}
 */
function panelOf({ title, quantity, ours }, measured) {
  const bars = measured.map(({ name, figures }) => ({
    name,
    value: figures[quantity]?.median ?? NaN,
    isOurs: ours.includes(name),
  }));
  return { title, lessIsBetter: quantity !== 'perSecond', bars };
}

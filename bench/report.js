// @ts-check
import { spread } from './sample.js';

/** @typedef {import('./contender.js').Sample} Sample */
/** @typedef {{ median: number, min: number, max: number }} Spread */

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {Spread} perSecond
 * @property {number} p50Ms median of the rounds
 * @property {number} p99Ms likewise
 * @property {number} cpuMicroseconds of the system's process, for each thing done
 * @property {number} busy how many cores the system's process kept busy
 *
 * @typedef {Spread & Verdict} Ratio of rates
 *
 * @typedef {object} Verdict
 * @property {string} of
 * @property {string} to
 * @property {number} byCpu the same ratio of what each costs its process, which other programs disturb less
 * @property {number | null} mark
 * @property {boolean | null} met
 * @property {'rate' | 'CPU'} judgedBy
 */

/**
 * @param {string} name
 * @param {Sample[]} samples one a round
 * @returns {Result}
 */
export function resultOf(name, samples) {
  const median = (/** @type {(sample: Sample) => number} */ pick) => spread(samples.map(pick)).median;
  return {
    name,
    perSecond: spread(samples.map((sample) => sample.perSecond)),
    p50Ms: median((sample) => sample.p50Ms),
    p99Ms: median((sample) => sample.p99Ms),
    cpuMicroseconds: median((sample) => sample.cpuMicroseconds),
    busy: median((sample) => sample.busy),
  };
}

/**
 * Ratios of rates, round by round: neighbours in time share what else the machine was doing.
 * @param {{ of: string, to: string, mark?: number }} ratio
 * @param {Map<string, Sample[]>} samples by name
 * @param {boolean} judgeByCpu whether the rates were not the systems' own
 * @returns {Ratio}
 */
export function ratioOf({ of, to, mark }, samples, judgeByCpu) {
  const limits = samples.get(to) ?? [];
  const each = samples.get(of) ?? [];
  const ratio = spread(each.map(({ perSecond }, i) => perSecond / (limits[i]?.perSecond ?? NaN)));
  const byCpu = spread(
    each.map(({ cpuMicroseconds }, i) => (limits[i]?.cpuMicroseconds ?? NaN) / cpuMicroseconds),
  ).median;
  const met = mark === undefined ? null : (judgeByCpu ? byCpu : ratio.median) >= mark;
  return { of, to, ...ratio, byCpu, mark: mark ?? null, met, judgedBy: judgeByCpu ? 'CPU' : 'rate' };
}

/** @param {Result[]} results */
export function resultTable(results) {
  const digits = (/** @type {number} */ value) => (value >= 100 ? 0 : value >= 10 ? 1 : 2);
  const number = (/** @type {number} */ value) =>
    value.toLocaleString('en', {
      minimumFractionDigits: digits(value),
      maximumFractionDigits: digits(value),
    });
  return table(
    ['', 'a second', '(min – max)', 'p50 ms', 'p99 ms', 'CPU µs each', 'cores busy'],
    results.map(({ name, perSecond, p50Ms, p99Ms, cpuMicroseconds, busy }) => [
      name,
      number(perSecond.median),
      `${number(perSecond.min)} – ${number(perSecond.max)}`,
      ...[p50Ms, p99Ms, cpuMicroseconds, busy].map(number),
    ]),
  );
}

/** @param {Ratio[]} ratios */
export function ratioTable(ratios) {
  return table(
    ['', 'ratio', '(min – max)', 'by CPU', 'mark'],
    ratios.map(({ of, to, median, min, max, byCpu, mark, met, judgedBy }) => [
      `${of} / ${to}`,
      median.toFixed(2),
      `${min.toFixed(2)} – ${max.toFixed(2)}`,
      byCpu.toFixed(2),
      mark === null ? '' : `≥ ${mark.toFixed(2)} by ${judgedBy}: ${met ? 'met' : 'not met'}`,
    ]),
  );
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
function table(head, rows) {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (/** @type {string[]} */ cells) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ');
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

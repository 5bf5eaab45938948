// @ts-check
import { spread } from './sample.js';

/** @typedef {import('./contender.js').Sample} Sample */
/** @typedef {import('./contender.js').Comparison} Comparison */
/** @typedef {{ median: number, min: number, max: number }} Spread */

/**
 * @typedef {object} Result
 * @property {string} measure
 * @property {string} name
 * @property {Record<string, Spread>} figures over the rounds
 *
 * @typedef {Spread & Verdict} Ratio
 *
 * @typedef {object} Verdict
 * @property {string} what
 * @property {string} against
 * @property {string} quantity
 * @property {Spread | null} byCpu the ratio of what each costs its process, which other programs disturb less; of rates only
 * @property {number | null} mark
 * @property {boolean} atMost
 * @property {boolean | null} met
 * @property {'rate' | 'CPU' | 'figure'} judgedBy
 */

/** What is measured besides rates. @type {Record<string, string>} */
const TITLES = {
  perSecond: 'a second',
  guardedIdleP99Ms: 'p99 of guarded, idle, ms',
  guardedFloodP99Ms: 'p99 of guarded, flooded, ms',
  guardedTimesIdle: 'p99 of guarded under a flood of logins, of idle',
  refreshIdleP99Ms: 'p99 of refresh, idle, ms',
  refreshFloodP99Ms: 'p99 of refresh, flooded, ms',
  refreshTimesIdle: 'p99 of refresh under a flood of logins, of idle',
  loginsPerSecond: 'logins a second meanwhile',
  startMs: 'from start to first answer, ms',
  idleMb: 'memory when idle, MB',
  usedMb: 'memory after many requests, MB',
  growth: 'growth of the memory',
  installMb: 'production install, MB',
  packages: 'packages of a production install',
};

/**
 * @param {string} measure
 * @param {string} name
 * @param {Sample[]} samples one a round
 * @returns {Result}
 */
export function resultOf(measure, name, samples) {
  const quantities = Object.keys(samples[0] ?? {});
  const figures = quantities.map((quantity) => [
    quantity,
    spread(samples.map((sample) => sample[quantity] ?? NaN)),
  ]);
  return { measure, name, figures: Object.fromEntries(figures) };
}

/**
 * Round by round: neighbours in time share what else the machine was doing.
 * @param {Comparison} comparison
 * @param {Map<string, Sample[]>} samples by name
 * @param {boolean} judgeByCpu whether the rates were not the systems' own
 * @returns {Ratio}
 */
export function ratioOf(comparison, samples, judgeByCpu) {
  const { of, to, quantity = 'perSecond', mark, atMost = false } = comparison;
  const title = quantity === 'perSecond' ? of : `${TITLES[quantity]}: ${of}`;
  const [what, against] = comparison.as ?? [title, to ?? 'itself'];
  const isRate = quantity === 'perSecond';
  const each = samples.get(of) ?? [];
  const others = to === undefined ? undefined : (samples.get(to) ?? []);
  const ratios = (/** @type {string} */ figure) =>
    each.map((sample, i) => (sample[figure] ?? NaN) / (others ? (others[i]?.[figure] ?? NaN) : 1));
  const ratio = spread(ratios(quantity));
  const byCpu = isRate ? spread(ratios('cpuMicroseconds').map((cost) => 1 / cost)) : null;
  const judged = (judgeByCpu && byCpu ? byCpu : ratio).median;
  const isMet = atMost ? judged <= (mark ?? NaN) : judged >= (mark ?? NaN);
  return {
    ...{ what, against, quantity, ...ratio, byCpu, mark: mark ?? null, atMost },
    met: mark === undefined ? null : isMet,
    judgedBy: isRate ? (judgeByCpu ? 'CPU' : 'rate') : 'figure',
  };
}

const digits = (/** @type {number} */ value) => (value >= 100 ? 0 : value >= 10 ? 1 : 2);
const number = (/** @type {number} */ value) =>
  value.toLocaleString('en', {
    minimumFractionDigits: digits(value),
    maximumFractionDigits: digits(value),
  });
const range = (/** @type {Spread} */ { min, max }) => `${number(min)} – ${number(max)}`;
const isRated = (/** @type {Result} */ { figures }) => figures['perSecond'] !== undefined;

/** @param {Result[]} results */
export function resultTable(results) {
  const nothing = { median: NaN, min: NaN, max: NaN };
  return table(
    ['', 'a second', '(min – max)', 'p50 ms', 'p99 ms', 'CPU µs each', 'cores busy'],
    results.filter(isRated).map(({ name, figures }) => {
      const { perSecond = nothing, p50Ms, p99Ms, cpuMicroseconds, busy } = figures;
      const medians = [p50Ms, p99Ms, cpuMicroseconds, busy].map((figure) => number(figure?.median ?? NaN));
      return [name, number(perSecond.median), range(perSecond), ...medians];
    }),
  );
}

/** What is no rate. @param {Result[]} results */
export function figureTable(results) {
  const rows = results
    .filter((result) => !isRated(result))
    .flatMap(({ name, figures }) =>
      Object.entries(figures).map(([quantity, figure]) => [
        `${TITLES[quantity] ?? quantity}: ${name}`,
        number(figure.median),
        range(figure),
      ]),
    );
  return table(['', 'median', '(min – max)'], rows.toSorted());
}

/** @param {Ratio} ratio */
const markOf = ({ mark, atMost }) => (mark === null ? '' : `${atMost ? '≤' : '≥'} ${mark.toFixed(2)}`);

/** @param {Ratio[]} ratios */
export function ratioTable(ratios) {
  return table(
    ['', 'ratio', '(min – max)', 'by CPU', 'mark'],
    ratios.map((ratio) => [
      `${ratio.what} / ${ratio.against}`,
      number(ratio.median),
      range(ratio),
      ratio.byCpu === null ? '' : number(ratio.byCpu.median),
      ratio.mark === null ? '' : `${markOf(ratio)} by ${ratio.judgedBy}: ${ratio.met ? 'met' : 'not met'}`,
    ]),
  );
}

/** The ratios in Markdown, as README has them. @param {Ratio[]} ratios */
export function markdown(ratios) {
  const verdict = (/** @type {Ratio} */ { met, judgedBy }) =>
    met === null ? '' : `${met ? 'met' : 'not met'}${judgedBy === 'CPU' ? ', by CPU' : ''}`;
  const measured = (/** @type {Spread} */ figure) => `${number(figure.median)} (${range(figure)})`;
  const rows = ratios.map((ratio) => [
    ratio.what,
    ratio.against,
    markOf(ratio),
    measured((ratio.judgedBy === 'CPU' && ratio.byCpu) || ratio),
    verdict(ratio),
  ]);
  const cells = [
    ['what', 'against', 'mark', 'measured (lowest – highest)', ''],
    ['---', '---', '---', '---', '---'],
    ...rows,
  ];
  return cells.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
function table(head, rows) {
  if (rows.length === 0) return '';
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (/** @type {string[]} */ cells) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ');
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

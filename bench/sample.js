// @ts-check

/**
 * @typedef {object} Work What was done in one window of time.
 * @property {number} completed
 * @property {number} perSecond
 * @property {number} p50Ms
 * @property {number} p99Ms
 */

/**
 * @param {number[]} latencies milliseconds, one for each thing that was done
 * @param {number} elapsedMs from the first beginning to the last end
 * @returns {Work}
 */
export function summarize(latencies, elapsedMs) {
  if (latencies.length === 0) throw new Error('nothing was completed in the time given');
  const sorted = Float64Array.from(latencies).sort();
  const percentile = (/** @type {number} */ share) => sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
  return {
    completed: latencies.length,
    perSecond: (latencies.length * 1000) / elapsedMs,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
  };
}

/**
 * @param {number[]} values at least one
 * @returns {{ median: number, min: number, max: number }}
 */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (/** @type {number} */ i) => sorted[i] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

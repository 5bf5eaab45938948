// @ts-check
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { markdown } from './report.js';

const ROOT = resolve(import.meta.dirname, '..');
const README = join(ROOT, 'README.md');
const [BEGIN, END] = ['<!-- bench: written by `npm run bench -- --readme` -->', '<!-- /bench -->'];
export const CHART = 'docs/performance.svg';

/**
 * Writes the figures of a run between README's markers, and the chart that it shows.
 * @param {{ ratios: import('./report.js').Ratio[], remarks: string[] }} report
 * @param {string} svg
 */
export function writeReadme({ ratios, remarks }, svg) {
  const [before, rest] = readFileSync(README, 'utf8').split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`README.md lacks ${BEGIN} … ${END}`);
  const lines = [
    markdown(ratios),
    `![The same run as bars](${CHART})`,
    remarks.map((remark) => `- ${remark}`).join('\n'),
  ];
  writeFileSync(README, `${before}${BEGIN}\n\n${lines.join('\n\n')}\n\n${END}${after}`);
  writeFileSync(join(ROOT, CHART), svg);
  const { status } = spawnSync('npx', ['prettier', '--write', README], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('README.md was written, but not formatted');
}

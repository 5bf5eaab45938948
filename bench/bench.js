// @ts-check
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chart } from './chart.js';
import { findCores, pin } from './cores.js';
import { measures, ON_POSTGRESQL } from './measures.js';
import { PEERS } from './peers.js';
import { SERVER } from './postgresql.js';
import { writeReadme } from './readme.js';
import { figureTable, ratioTable, resultTable } from './report.js';
import { run } from './run.js';
import { say, Stage } from './stage.js';

const HELP = `Usage: npm run bench -- [options]

Measures Gatehouse against its limits, and against what people would use instead, as ratios within one run.

  --quick         shorter windows, fewer rounds, smaller databases
  --smoke         hardly any: whether every answer is right; Gatehouse and bare systems only
  --only a,b      these measures only: ${Object.keys(measures).join(', ')}
  --accounts N    of the large database of growth: with ten sessions each (some 2.5 GB for a million)
  --peers a,b     these only: ${PEERS.join(', ')}; --peers none for none. They are installed when first asked for
  --json          one JSON document on stdout; everything else goes to stderr
  --svg FILE      the chart
  --readme        write the table and the chart to where README has them
  --profile DIR   let each system leave its CPU profiles in DIR, one a thread (….0.001.cpuprofile is the main one)
  --help          this text

BENCH_DATABASE_URL=postgres://…  a PostgreSQL server, for ${ON_POSTGRESQL.join(' and ')}: databases are created, and dropped afterwards
`;

/** @typedef {import('./measures.js').Lengths} Lengths */

/** @type {Lengths} */
const FULL = {
  rounds: 5,
  seconds: 2,
  slowSeconds: 3,
  warmUpSeconds: 3,
  slowWarmUpSeconds: 40,
  requests: 1_000_000,
  accounts: 1_000_000,
};
/** @type {Lengths} */
const QUICK = {
  rounds: 3,
  seconds: 0.8,
  slowSeconds: 1.5,
  warmUpSeconds: 1,
  slowWarmUpSeconds: 5,
  requests: 50_000,
  accounts: 30_000,
};
/** @type {Lengths} */
const SMOKE = {
  rounds: 1,
  seconds: 0.3,
  slowSeconds: 0.5,
  warmUpSeconds: 0.3,
  slowWarmUpSeconds: 0.3,
  requests: 1_000,
  accounts: 2_000,
};
/** It asks a package registry, and runs nothing. */
const NOT_SMOKED = ['install'];

/** @param {string | undefined} only @param {boolean} smoke @returns {string[]} in the order of the tables */
function chooseMeasures(only, smoke) {
  const all = Object.keys(measures);
  const leftOut = [...(SERVER ? [] : ON_POSTGRESQL), ...(smoke ? NOT_SMOKED : [])];
  const wanted = only?.split(',') ?? all.filter((name) => !leftOut.includes(name));
  for (const name of wanted) {
    if (!all.includes(name)) throw new Error(`--only: there is no measure "${name}"`);
    if (ON_POSTGRESQL.includes(name) && !SERVER) throw new Error(`${name} needs BENCH_DATABASE_URL`);
  }
  return all.filter((name) => wanted.includes(name));
}

/** @param {string | undefined} wanted */
function choosePeers(wanted) {
  if (wanted === 'none') return [];
  const names = wanted?.split(',') ?? PEERS;
  for (const name of names) if (!PEERS.includes(name)) throw new Error(`--peers: there is none "${name}"`);
  return names;
}

/** @param {{ smoke: boolean, quick: boolean, accounts?: string | undefined }} options */
function lengthsOf({ smoke, quick, accounts }) {
  const lengths = smoke ? SMOKE : quick ? QUICK : FULL;
  return { ...lengths, accounts: Number(accounts ?? lengths.accounts) };
}

function build() {
  say('building Gatehouse');
  const root = resolve(import.meta.dirname, '..');
  const { status } = spawnSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('Gatehouse does not build');
}

/** @param {Awaited<ReturnType<typeof run>>} report */
function textOf({ results, ratios, remarks }) {
  const parts = [resultTable(results), figureTable(results), ratioTable(ratios), remarks.join('\n')];
  return `\n${parts.filter(Boolean).join('\n\n')}\n`;
}

async function main() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      readme: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      only: { type: 'string' },
      peers: { type: 'string' },
      profile: { type: 'string' },
      svg: { type: 'string' },
      accounts: { type: 'string' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const chosen = chooseMeasures(values.only, values.smoke);
  const peers = choosePeers(values.peers ?? (values.smoke ? 'none' : undefined));
  build();
  const cores = findCores();
  pin(process.pid, cores.slice(1, 2));
  const stage = new Stage(cores, peers, values.profile && resolve(values.profile));
  /** @type {Promise<never>} */
  const interrupted = new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'])
      process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
  });
  const lengths = lengthsOf(values);
  try {
    const { panels, ...report } = await Promise.race([run(chosen, stage, lengths), interrupted]);
    const text = textOf({ panels, ...report });
    if (values.json) say(text);
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : text);
    if (values.svg) writeFileSync(values.svg, chart(panels));
    if (values.readme) writeReadme(report, chart(panels));
  } finally {
    await stage.close();
  }
}

main().then(
  () => process.exit(),
  (/** @type {Error} */ error) => {
    say(`bench: ${error.message}`);
    process.exit(1);
  },
);

// @ts-check
import { spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findCores, pinThisProcess } from './cores.js';
import { measures } from './measures.js';
import { ratioOf, ratioTable, resultOf, resultTable } from './report.js';
import { Stage } from './stage.js';

const HELP = `Usage: npm run bench -- [options]

Measures Gatehouse against its limits, as ratios within one run.

  --quick         shorter windows and fewer rounds
  --only a,b      these measures only: ${Object.keys(measures).join(', ')}
  --json          one JSON document on stdout; everything else goes to stderr
  --profile DIR   let each system leave its CPU profiles in DIR, one a thread (…0.000.cpuprofile is the main one)
  --help          this text

BENCH_DATABASE_URL=postgres://…  a PostgreSQL server, for refresh-postgresql: a database is created, and dropped afterwards
`;

/** Lengths in seconds. A bcrypt comparison takes a good part of a second: logins need longer windows. */
const FULL = { rounds: 5, seconds: 2, loginSeconds: 3, warmUpSeconds: 5 };
const QUICK = { rounds: 3, seconds: 0.8, loginSeconds: 1.5, warmUpSeconds: 2 };
const WARM_UP_WINDOW_SECONDS = 0.5;

/** A system that leaves more of its core idle than that was not at its limit. */
const BUSY = 0.9;

const TMPFS = 0x01021994;

const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

/** @param {string | undefined} only */
function choose(only) {
  const withServer = Boolean(process.env['BENCH_DATABASE_URL']);
  const chosen =
    only?.split(',') ?? Object.keys(measures).filter((name) => withServer || name !== 'refresh-postgresql');
  for (const name of chosen) {
    if (!(name in measures)) throw new Error(`--only: there is no measure "${name}"`);
    if (name === 'refresh-postgresql' && !withServer) throw new Error(`${name} needs BENCH_DATABASE_URL`);
  }
  return chosen;
}

function build() {
  say('building Gatehouse');
  const root = resolve(import.meta.dirname, '..');
  const { status } = spawnSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('Gatehouse does not build');
}

/**
 * Alternates the contenders of one measure: A B A B …
 * @param {import('./contender.js').Measure} measure
 * @param {{ rounds: number, seconds: number, warmUpSeconds: number }} lengths
 */
async function alternate({ contenders, warmUp }, { rounds, seconds, warmUpSeconds }) {
  /** @type {Map<string, import('./contender.js').Sample[]>} */
  const samples = new Map(contenders.map(({ name }) => [name, []]));
  for (const { measure } of contenders) {
    // By number, as the compiler goes, and not by time: on a busy machine a second is little.
    const deadline = performance.now() + warmUpSeconds * 1000;
    for (let done = 0; done < warmUp && performance.now() < deadline;) {
      done += (await measure(WARM_UP_WINDOW_SECONDS)).completed;
    }
  }
  for (let round = 1; round <= rounds; round += 1) {
    const shown = [];
    for (const { name, measure } of contenders) {
      const sample = await measure(seconds);
      samples.get(name)?.push(sample);
      shown.push(`${name} ${sample.perSecond.toFixed(0)}`);
    }
    say(`  round ${round} of ${rounds}, a second: ${shown.join(', ')}`);
  }
  return samples;
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
 * @param {boolean} quick
 */
async function run(chosen, stage, quick) {
  const { loginSeconds, ...lengths } = quick ? QUICK : FULL;
  /** @type {import('./report.js').Result[]} */
  const results = [];
  /** @type {import('./report.js').Ratio[]} */
  const ratios = [];
  const remarks = conditions(stage);
  for (const name of chosen) {
    say(name);
    const measure = await measures[name]?.(stage);
    if (!measure) continue;
    const samples = await alternate(
      measure,
      name === 'login' ? { ...lengths, seconds: loginSeconds } : lengths,
    );
    const measured = [...samples].map(([contender, each]) => resultOf(contender, each));
    results.push(...measured);
    const idle = measure.wantsWholeCore ? measured.filter(({ busy }) => busy < BUSY) : [];
    for (const { name: contender, busy } of idle) {
      remarks.push(
        `${contender} had its core to ${busy.toFixed(2)} only: something else was the limit, compare by CPU`,
      );
    }
    for (const ratio of measure.ratios) ratios.push(ratioOf(ratio, samples, idle.length > 0));
    remarks.push(...((await measure.remarks?.()) ?? []));
  }
  return { remarks, results, ratios };
}

async function main() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      only: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const chosen = choose(values.only);
  build();
  const cores = findCores();
  const [, generatorCore] = cores;
  if (generatorCore !== undefined) pinThisProcess(generatorCore);
  const stage = new Stage(cores, values.profile && resolve(values.profile));
  /** @type {Promise<never>} */
  const interrupted = new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'])
      process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
  });
  try {
    const report = await Promise.race([run(chosen, stage, values.quick), interrupted]);
    const text = `\n${resultTable(report.results)}\n\n${ratioTable(report.ratios)}\n\n${report.remarks.join('\n')}`;
    if (values.json) say(text);
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : `${text}\n`);
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

// What `users import` makes of a plain bulk insert of the same rows: `npm --prefix bench run import`.
import { fork } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const ROWS = Number(process.env.BENCH_ROWS ?? 100_000);
const ROUNDS = 3;
const BATCH = 1_000;
/** A hash that is understood, and of nobody's password. */
const HASH = `$2y$12$${'abcdefghijklmnopqrstuv'}${'ABCDEFGHIJKLMNOPQRSTUVWXYZ01234'}`;
const COLUMNS = ['public_id', 'email', 'password_hash', 'role', 'disabled_at', 'created_at', 'updated_at'];

/** @param {string} file @returns {Promise<any>} */
const built = (file) => import(new URL(`../build/${file}.js`, import.meta.url).href);

/** As random as those of an import, which cost an index more than others. */
const publicId = () =>
  Array.from(
    { length: 8 },
    () => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'[Math.floor(Math.random() * 36)],
  ).join('');

/** @param {number} i */
const emailOf = (i) => `user${i}@example.com`;

/** @param {string} file */
async function writeTable(file) {
  const out = createWriteStream(file);
  out.write('email,password,created_at\n');
  for (let i = 0; i < ROWS; i += 1) {
    if (!out.write(`${emailOf(i)},${HASH},2020-01-01 00:00:00\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

/**
 * Rows a second of the statements alone: a transaction and a statement a batch.
 * @param {{ dataDir: string, databaseUrl: string | undefined }} options
 */
async function plain(options) {
  const [{ createDataSource, dataSourceOptions }, { migrate }] = await Promise.all([
    built('platform/database/data-source'),
    built('platform/database/migrate'),
  ]);
  const dataSource = await createDataSource(dataSourceOptions(options));
  await dataSource.initialize();
  try {
    await migrate(dataSource);
    const rows = Array.from({ length: ROWS }, (_, i) => [publicId(), emailOf(i), HASH, 'client', null, 1, 1]);
    const begun = performance.now();
    for (let from = 0; from < ROWS; from += BATCH) {
      const some = rows.slice(from, from + BATCH);
      const values = some.map(
        (_, r) => `(${COLUMNS.map((_, c) => `$${r * COLUMNS.length + c + 1}`).join()})`,
      );
      const sql = `INSERT INTO users (${COLUMNS.join()}) VALUES ${values.join()}`;
      await dataSource.transaction((/** @type {any} */ manager) => manager.query(sql, some.flat()));
    }
    return (ROWS / (performance.now() - begun)) * 1000;
  } finally {
    await dataSource.destroy();
  }
}

/**
 * Rows a second of an import in this process, from the file to the last commit, and by how many MiB its memory grew at most.
 * @param {string} file
 */
async function importHere(file) {
  const [{ openApplication }, { importFile }] = await Promise.all([
    built('commands/commands.module'),
    built('commands/import-file'),
  ]);
  const application = await openApplication();
  const rules = {
    from: 'laravel',
    onConflict: 'skip',
    role: 'client',
    dryRun: false,
    wrap: false,
    overwriteCredentials: false,
  };
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
  const begun = performance.now();
  const tally = await importFile(file, rules, application);
  const rate = (ROWS / (performance.now() - begun)) * 1000;
  clearInterval(watch);
  await application.close();
  if (tally.created !== ROWS) throw new Error(`created ${tally.created} of ${ROWS}`);
  return { rate, grown: (peak - before) / 1_048_576 };
}

/**
 * The same in a process of its own: settings are read once.
 * @param {{ dataDir: string, databaseUrl: string | undefined }} options @param {string} file
 * @returns {Promise<{ rate: number, grown: number }>}
 */
async function imported({ dataDir, databaseUrl }, file) {
  const env = { ...process.env, NODE_ENV: 'test', DATA_DIR: dataDir, DATABASE_URL: databaseUrl ?? '' };
  const child = fork(fileURLToPath(import.meta.url), [file], { env, silent: true });
  const told = once(child, 'message');
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`the import ended with ${code}`)),
  );
  const [figures] = await Promise.race([told, ended]);
  ended.catch(() => undefined);
  return figures;
}

/** @param {number[]} values */
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** @param {string} name @param {string} file @param {() => Promise<{ options: any, drop: () => unknown }>} create */
async function measure(name, file, create) {
  /** @type {Record<'ratios' | 'rates' | 'grown', number[]>} */
  const { ratios, rates, grown } = { ratios: [], rates: [], grown: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const [first, second] = [await create(), await create()];
    const base = await plain(first.options);
    const { rate, grown: mib } = await imported(second.options, file);
    await first.drop();
    await second.drop();
    ratios.push(rate / base);
    rates.push(rate);
    grown.push(mib);
  }
  console.log(
    `${name}, ${ROWS} rows, median of ${ROUNDS}: ${median(ratios).toFixed(2)} of a plain bulk insert` +
      ` (${Math.round(median(rates))} rows a second); memory grew by ${median(grown).toFixed(0)} MiB at most`,
  );
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-import-'));
  const table = join(folder, 'users.csv');
  const server = process.env.BENCH_DATABASE_URL;
  let count = 0;
  try {
    await writeTable(table);
    await measure('SQLite', table, async () => {
      const dataDir = mkdtempSync(join(folder, 'sqlite-'));
      return {
        options: { dataDir, databaseUrl: undefined },
        drop: () => rmSync(dataDir, { recursive: true }),
      };
    });
    if (server) {
      /** @param {string} sql */
      const administer = async (sql) => {
        const client = new pg.Client({ connectionString: server });
        await client.connect();
        await client.query(sql).finally(() => client.end());
      };
      await measure('PostgreSQL', table, async () => {
        const name = `gatehouse_import_${process.pid}_${(count += 1)}`;
        await administer(`CREATE DATABASE ${name}`);
        const url = Object.assign(new URL(server), { pathname: `/${name}` });
        const options = { dataDir: folder, databaseUrl: url.href };
        return { options, drop: () => administer(`DROP DATABASE ${name} WITH (FORCE)`) };
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2]) process.send?.(await importHere(process.argv[2]));
else await main();

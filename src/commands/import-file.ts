import type { Reading } from '../admin/import/candidate.js';
import { ImportConflict, ImportRun, type Tally } from '../admin/import/import-run.js';
import { presets } from '../admin/import/presets.js';
import { RejectsFile } from '../admin/import/rejects-file.js';
import type { Row } from '../admin/import/row.js';
import { formatOf, rowsOf } from '../admin/import/rows.reader.js';
import type { Application } from './application.js';
import { firebaseParametersOf, laravelKeysIn, openExport, readText } from './import-options.js';
import { CommandError } from './operator.command.js';
import { Progress } from './progress.js';
import { aligned } from './table.js';
import type { ImportOptions } from './users-import.command.js';

/** Does what `users import` is told, and tells how far it is. @throws CommandError */
export async function importFile(
  file: string,
  options: ImportOptions,
  { config, clock, imports }: Application,
): Promise<Tally> {
  if (!config.roles.includes(options.role))
    throw new CommandError(`--role must be one of ${config.roles.join(', ')}`, 2);
  const now = clock.now();
  const reading = await readingOf(options, { roles: config.roles, now });
  const { chunks, bytes } = await openExport(file);
  const rejects = await rejectsOf(options, file);
  const progress = new Progress(bytes, clock);
  const rejected = async (row: Row, reason: string) => {
    progress.say(`line ${row.line}: ${reason}`);
    await rejects?.add(row);
  };
  const counted = new Counted(chunks);
  const listeners = { rejected, progress: ({ read }: Tally) => progress.tell(counted.bytes, read) };
  const run = new ImportRun(imports, reading, { ...options, now }, listeners);
  const format = options.format ?? formatOf(file, reading.preset);
  const separator = options.separator ?? (/\.tsv$/i.test(file) ? '\t' : ',');
  try {
    return await run.run(rowsOf(counted, { format, separator, preset: reading.preset }));
  } catch (error) {
    throw stopped(error, run.tally);
  } finally {
    progress.end();
    await rejects?.close();
  }
}

/** What an import has come to, for people. */
export function describe(
  { kinds, two_factor, read, rejected, ...outcomes }: Tally,
  isDryRun: boolean,
): string {
  const [verb, was] = isDryRun ? ['would be ', 'Would read'] : ['', 'Read'];
  const lines = Object.entries(outcomes).map(([outcome, count]) => [`  ${verb}${outcome}`, String(count)]);
  const hashes = Object.entries(kinds).map(([kind, count]) => [`  ${kind}`, String(count)]);
  return [
    `${was} ${read} rows:`,
    aligned([...lines, [`  ${verb}rejected`, String(rejected)]]),
    'By the kind of their hash:',
    aligned([...hashes, ['  with two-factor', String(two_factor)]]),
  ].join('\n');
}

async function readingOf(
  options: ImportOptions,
  { roles, now }: { roles: readonly string[]; now: number },
): Promise<Reading> {
  const { appKey, appKeyFile, firebaseParameters: firebase } = options;
  const laravel = appKeyFile === undefined ? appKey : await readText(appKeyFile);
  return {
    preset: presets[options.from],
    map: options.map ?? new Map(),
    keys: {
      roles,
      now,
      ...(laravel !== undefined && { laravel: laravelKeysIn(laravel) }),
      ...(firebase !== undefined && { firebase: firebaseParametersOf(await readText(firebase)) }),
    },
    acceptUnverified: options.unverified === 'accept',
    unconfirmed: options.unconfirmed,
  };
}

async function rejectsOf({ rejects: path }: ImportOptions, file: string): Promise<RejectsFile | undefined> {
  if (path === undefined) return undefined;
  const rejects = await RejectsFile.create(path, file).catch((error: unknown) => {
    throw new CommandError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? ''})`, 2);
  });
  if (!rejects) throw new CommandError('--rejects must name another file than the one that is read', 2);
  return rejects;
}

function stopped(error: unknown, { read }: Tally): unknown {
  if (error instanceof ImportConflict) {
    const sentence = `Line ${error.line}: its e-mail has an account that differs`;
    return new CommandError(
      `${sentence}. What came before may be in; --on-conflict skip or update goes on`,
      1,
    );
  }
  if (error instanceof SyntaxError)
    return new CommandError(`After ${read} accounts: ${error.message}. What came before may be in`, 1);
  return error;
}

/** Counts what is read. */
class Counted implements AsyncIterable<Buffer> {
  bytes = 0;

  constructor(private readonly chunks: AsyncIterable<Buffer>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const chunk of this.chunks) {
      this.bytes += chunk.length;
      yield chunk;
    }
  }
}

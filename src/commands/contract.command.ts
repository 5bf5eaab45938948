import { open } from 'node:fs/promises';
import { once } from 'node:events';
import { InvalidArgumentError } from 'commander';
import { exchangesIn, RecordingError } from '../operations/contract/exchange.js';
import type { Outcome } from '../operations/contract/replay.js';
import { readText } from './import-options.js';
import { wholeNumber } from './number.js';
import { CommandError, type OperatorCommand } from './operator.command.js';

/** `contract …`: what clients are told, recorded from one system and asked of another. Needs no database. */
export function addContract(program: OperatorCommand): void {
  const contract = program
    .command('contract')
    .description('Prove that clients will not notice a change of system.')
    .example('contract replay contracts/v1.jsonl --target http://127.0.0.1:3000 --values values.json');
  addReplay(contract);
  addRecord(contract);
}

interface ReplayOptions {
  target: string;
  against?: string;
  values?: string;
  ignoreHeader: string[];
}

function addReplay(contract: OperatorCommand): void {
  contract
    .command('replay')
    .description(
      'Send recorded requests, and tell every difference in status, headers and body of the answers.',
    )
    .argument('<file>', 'a .har of a browser, or .jsonl: an exchange a line')
    .requiredOption('--target <url>', 'a running Gatehouse', origin)
    .option('--against <url>', 'the old system: its answers are expected, not the recorded ones', origin)
    .option('--values <file>', 'JSON with what {{email}}, {{password}} and the like stand for')
    .option('--ignore-header <name>', 'do not compare that header (repeatable)', collected, [])
    .example('contract replay login.jsonl --target http://127.0.0.1:3000 --against https://old.example.com')
    .action(async (file: string, options: ReplayOptions, command: OperatorCommand) => {
      const outcomes = await replayed(file, options);
      const differing = outcomes.filter(({ differences }) => differences.length > 0).length;
      command.print({ exchanges: outcomes.length, differing, outcomes }, outcomes.map(describe).join('\n'));
      if (differing > 0) throw new CommandError(`${differing} of ${outcomes.length} exchanges differ`, 1);
    });
}

async function replayed(file: string, options: ReplayOptions): Promise<Outcome[]> {
  const { replay } = await import('../operations/contract/replay.js');
  const exchanges = recordingIn(await readText(file), file);
  const values = valuesIn(options.values === undefined ? '{}' : await readText(options.values));
  const ignoredHeaders = options.ignoreHeader;
  const outcomes: Outcome[] = [];
  try {
    for await (const outcome of replay(exchanges, { ...options, values, ignoredHeaders }))
      outcomes.push(outcome);
    return outcomes;
  } catch (error) {
    const { name } = error as Error;
    const done = `After ${outcomes.length} exchanges`;
    throw new CommandError(`${done} no answer came (${name}); is the system running?`, 1);
  }
}

function addRecord(contract: OperatorCommand): void {
  contract
    .command('record')
    .description('Pass requests on to a system and keep them with their answers, until Ctrl-C.')
    .argument('<file>', 'where to, as JSON Lines; it must not be there yet')
    .requiredOption('--target <url>', 'the system to record', origin)
    .option(
      '--port <port>',
      'where to serve on 127.0.0.1; 0 takes any free one',
      wholeNumber(0, 65_535),
      4_000,
    )
    .example('contract record login.jsonl --target https://old.example.com')
    .action(
      async (path: string, { target, port }: { target: string; port: number }, command: OperatorCommand) => {
        const count = await record(path, target, port);
        command.print({ file: path, exchanges: count }, `Recorded ${count} exchanges.`);
      },
    );
}

/** Until a signal; how many there were. */
async function record(path: string, target: string, port: number): Promise<number> {
  const { Recorder } = await import('../operations/contract/recorder.js');
  // Passwords and tokens are in it.
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw new CommandError(`${path} cannot be made (${(error as NodeJS.ErrnoException).code ?? ''})`, 2);
  });
  let count = 0;
  const recorder = new Recorder(target, async (exchange) => {
    await file.write(`${JSON.stringify(exchange)}\n`);
    count += 1;
  });
  const url = `http://127.0.0.1:${await recorder.listen(port)}`;
  process.stderr.write(`Recording what is sent to ${url}. Passwords and tokens will be in ${path}.\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await recorder.close();
  await file.close();
  return count;
}

function describe({ name, skipped, differences }: Outcome): string {
  if (skipped !== undefined) return onOneLine(`skipped    ${name}: ${skipped}`);
  const lines = differences.map(
    ({ where, expected, actual }) => `             ${where}: ${actual}, expected ${expected}`,
  );
  return [`${differences.length === 0 ? 'the same  ' : 'different '} ${name}`, ...lines]
    .map(onOneLine)
    .join('\n');
}

const onOneLine = (text: string): string => text.replaceAll('\n', '\\n');

function recordingIn(text: string, file: string): ReturnType<typeof exchangesIn> {
  try {
    return exchangesIn(text);
  } catch (error) {
    throw error instanceof RecordingError ? new CommandError(`${file}: ${error.message}`, 2) : error;
  }
}

function valuesIn(text: string): Record<string, string> {
  try {
    const values: unknown = JSON.parse(text);
    if (typeof values === 'object' && values !== null)
      return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  } catch {
    // Said below.
  }
  throw new CommandError('The values must be one JSON object', 2);
}

function origin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return (url.origin + url.pathname).replace(/\/$/, '');
  throw new InvalidArgumentError('It must be an http:// or https:// address.');
}

const collected = (name: string, before: string[]): string[] => [...before, name.toLowerCase()];

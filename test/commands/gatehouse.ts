import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import type { TestDatabase } from '../support/database.js';

// Each process takes about a second to start, and much longer on a busy machine.
jest.setTimeout(120_000);

// What is built, as an operator runs it; `npm test` builds first.
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The variables of a process that uses `database`, and nothing of this one's. */
const environment = (database: TestDatabase, more: Record<string, string> = {}): Record<string, string> => ({
  NODE_ENV: 'test',
  BCRYPT_COST: '4',
  PORT: '0',
  LOGIN_QUEUE_MAX_WAIT_MS: '60000',
  DATA_DIR: database.dataDir,
  ...(database.databaseUrl && { DATABASE_URL: database.databaseUrl }),
  ...more,
});

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface GatehouseOptions {
  /** Its standard input. */
  input?: string;
  env?: Record<string, string>;
  /** The folder whose `dist` is run. */
  installation?: string;
}

/** Runs the operator's command line in a process of its own, and in the database's folder, until it ends. */
export async function gatehouse(
  database: TestDatabase,
  args: string[],
  { input = '', env, installation = ROOT }: GatehouseOptions = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [join(installation, 'dist/cli.js'), ...args], {
    cwd: database.dataDir,
    env: environment(database, env),
  });
  child.stdin.on('error', () => undefined); // It may end without having read.
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

/** What it prints with `--json`. Throws where it fails. */
export async function gatehouseJson<T>(database: TestDatabase, args: string[], input?: string): Promise<T> {
  const { code, stdout, stderr } = await gatehouse(
    database,
    [...args, '--json'],
    input === undefined ? {} : { input },
  );
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

export interface Server {
  url: string;
  stop(): Promise<void>;
}

/** The server, in a process of its own, listening. */
export async function startServer(database: TestDatabase): Promise<Server> {
  const child = spawn(process.execPath, [join(ROOT, 'dist/main.js')], {
    cwd: database.dataDir,
    env: environment(database),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const stop = async () => {
    child.kill();
    await exit;
  };
  // Read to the end: a full pipe would stop the server.
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.includes('"listening"')) resolve((JSON.parse(line) as { url: string }).url);
    });
    exit.then(() => reject(new Error('the server did not start')), reject);
  });
  return { url, stop };
}

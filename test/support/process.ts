import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UNTHROTTLED } from './app.js';
import type { TestDatabase } from './database.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A real server process. */
export interface ServerProcess {
  url: string;
  child: ChildProcess;
  /** Where MANAGEMENT_PORT is served, if it is. */
  managementUrl: string;
  /** What it wrote to standard output so far. */
  output(): string;
  /** As `output`, which is forgotten with that. */
  takeOutput(): string;
  /** Its memory, in MiB. */
  residentMiB(): number;
  /** Sends a signal and waits for the end; the exit code, or the signal that ended it. */
  end(signal?: NodeJS.Signals): Promise<number | string | null>;
}

export const TEST_ENV = {
  NODE_ENV: 'test',
  BCRYPT_COST: '4',
  JWT_SECRET: 'k7Jp2xQv9LmZ4tRw8sYb1nCe6gHd3fUa',
  ENCRYPTION_KEY: 'Vb5nMq8wErT2yUi9oPa4sDf7gHj1kLzX',
  BOOTSTRAP_ADMIN_PASSWORD: 'mySecur€Password!',
  PORT: '0',
  ...UNTHROTTLED,
};

/**
 * Starts `node dist/main.js` of `installation` on `database`; resolves once it listens. An undefined variable is taken away.
 */
export async function startProcess(
  database: TestDatabase,
  env: Record<string, string | undefined> = {},
  installation = ROOT,
): Promise<ServerProcess> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [join(installation, 'dist/main.js')], {
    cwd: database.dataDir,
    env: { PATH, ...TEST_ENV, DATA_DIR: database.dataDir, DATABASE_URL: database.databaseUrl, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer) => (output += chunk.toString());
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string | null);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', function look() {
      const listening = /"url":"(http:[^"]+)".*"msg":"listening"/.exec(output)?.[1];
      if (!listening) return;
      // It grows, and looking through it again and again would take longer than what is tested.
      child.stdout.off('data', look);
      resolve(listening);
    });
    void ended.then((how) =>
      reject(new Error(`the server ended (${String(how)}) before it listened:\n${output}`)),
    );
  });
  return {
    url,
    managementUrl: `http://127.0.0.1:${/"management listening".*"port":(\d+)/.exec(output)?.[1] ?? ''}`,
    child,
    output: () => output,
    takeOutput: () => {
      const taken = output;
      output = '';
      return taken;
    },
    residentMiB: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    },
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

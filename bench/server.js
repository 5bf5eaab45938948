// @ts-check
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';

const ROOT = resolve(import.meta.dirname, '..');

/** @typedef {{ email: string, hash: string | null, isDisabled?: boolean }} Account */

export function build() {
  const { status } = spawnSync('npm', ['run', '-s', 'build'], { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('Gatehouse does not build');
}

/**
 * Rejects when this process is told to end, so that it ends what it began.
 * @type {Promise<never>}
 */
export const interrupted = new Promise((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
});
interrupted.catch(() => undefined);

/** Gatehouse as its users start it: `node dist/main.js`, on an embedded database of its own. */
export class Server {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  url = '';

  /** @param {Record<string, string>} env */
  async start(env) {
    this.child = spawn(process.execPath, [join(ROOT, 'dist/main.js')], {
      cwd: this.folder,
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        DATA_DIR: this.folder,
        BOOTSTRAP_ADMIN_PASSWORD: 'a right password',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    const ended = once(this.child, 'exit').then(() =>
      Promise.reject(new Error(`Gatehouse ended:\n${output}`)),
    );
    ended.catch(() => undefined);
    const listening = new Promise((fulfil) =>
      this.child?.stdout?.on('data', (/** @type {Buffer} */ chunk) => {
        if (this.url) return;
        output += chunk.toString();
        this.url = /"url":"(http:[^"]+)".*"msg":"listening"/.exec(output)?.[1] ?? '';
        if (this.url) fulfil(undefined);
      }),
    );
    await Promise.race([listening, ended]);
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  /**
   * Writes accounts beside the server: some could not be made through it.
   * @param {Account[]} accounts
   */
  insert(accounts) {
    const database = new Database(join(this.folder, 'gatehouse.sqlite'), {
      fileMustExist: true,
      timeout: 10_000,
    });
    const insert = database.prepare(
      `INSERT INTO users (public_id, email, password_hash, role, disabled_at, created_at, updated_at)
       VALUES (?, ?, ?, 'client', ?, ?, ?)`,
    );
    const now = Date.now();
    for (const [i, { email, hash, isDisabled }] of accounts.entries()) {
      insert.run(`BEN${String(i).padStart(5, '0')}`, email, hash, isDisabled ? now : null, now, now);
    }
    database.close();
  }

  async stop() {
    if (this.child && this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill();
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

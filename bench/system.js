// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const START_PATIENCE_MS = 180_000;
const STOP_PATIENCE_MS = 5_000;

/**
 * @typedef {object} Launch
 * @property {string} file in this package
 * @property {string} [node] what runs it: as a rule the Node.js of this process
 * @property {number[]} cores the only ones it may use; none: any
 * @property {string} folder it runs there, away from any `.env`
 * @property {Record<string, string>} [env] all it gets of an environment, besides PATH
 * @property {string | undefined} [profiles] the folder to leave CPU profiles in
 */

/** One of the systems under measurement: a process that is asked over a channel, and ends with it. */
export class System {
  /** @type {Map<number, (answer: { result?: unknown, error?: string }) => void>} */
  #waiting = new Map();
  #asked = 0;
  /** @type {Promise<never>} */
  #ended;

  /** @param {Launch} launch */
  constructor({ file, node = process.execPath, cores, folder, env = {}, profiles }) {
    const script = join(import.meta.dirname, file);
    // A folder each: within it, Node names a file for every thread.
    const profiling = profiles
      ? ['--cpu-prof', `--cpu-prof-dir=${join(profiles, file.replace('.js', ''))}`]
      : [];
    const command = [node, ...profiling, script];
    if (cores.length > 0) command.unshift('taskset', '-c', cores.join(','));
    const [program = '', ...args] = command;
    this.child = spawn(program, args, {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...env },
      // Log lines are written as in production, and thrown away by the kernel.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.child.on('message', (/** @type {{ id: number, result?: unknown, error?: string }} */ answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#ended = new Promise((_, reject) => {
      this.child.on('error', reject);
      this.child.on('exit', (code, signal) =>
        reject(new Error(`${file} ended (${signal ?? `exit code ${code}`})`)),
      );
    });
    this.#ended.catch(() => undefined); // no fault unless something is being awaited
  }

  /**
   * @returns {Promise<{ port: number, databaseFile: string }>} what of it there is, as soon as it can be used
   */
  async ready() {
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), START_PATIENCE_MS);
    const facts = await this.#answer(0);
    clearTimeout(impatience);
    return /** @type {{ port: number, databaseFile: string }} */ (facts);
  }

  /**
   * @param {string} command one that the system passed to `serve`
   * @param {unknown} [argument]
   */
  ask(command, argument) {
    this.#asked += 1;
    // Where it cannot be sent, `#ended` tells.
    this.child.send({ id: this.#asked, command, argument }, () => undefined);
    return this.#answer(this.#asked);
  }

  get hasEnded() {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** At once, for what does not listen to this process. */
  async kill() {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  async stop() {
    const { child } = this;
    if (this.hasEnded) return;
    const ended = once(child, 'exit');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
    if (child.connected) child.disconnect();
    await ended;
    clearTimeout(impatience);
  }

  /**
   * @param {number} id
   * @returns {Promise<unknown>}
   */
  #answer(id) {
    const answered = new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => (error ? reject(new Error(error)) : resolve(result)));
    });
    return Promise.race([answered, this.#ended]);
  }
}

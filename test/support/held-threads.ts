import { availableParallelism } from 'node:os';
import type { HashTask } from '../../src/passwords/hash.worker.cjs';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import type { TestApp } from './app.js';

/** What the threads are given at once: each the one it computes, and the next. */
export const HANDED_OUT = 2 * availableParallelism();

/** The hashing threads of an application, which begin nothing until they are released. */
export class HeldThreads {
  /** Comparisons that came to a thread. */
  begun = 0;
  release: () => void = () => undefined;

  constructor({ app }: TestApp) {
    const { pool } = app.get<unknown, { pool: { run(task: HashTask): Promise<unknown> } }>(PasswordsService);
    const run = pool.run.bind(pool);
    const released = new Promise<void>((resolve) => (this.release = resolve));
    pool.run = async (task) => {
      if (task.kind === 'verify') {
        this.begun += 1;
        await released;
      }
      return run(task);
    };
  }
}

import { PasswordsService } from '../../src/passwords/passwords.service.js';
import type { HashTask } from '../../src/passwords/hash.worker.js';
import type { TestApp } from './app.js';

/** Makes the hashing threads of `app` keep a list of the costs of what they compare. */
export function watchComparisons({ app }: TestApp): number[] {
  const { pool } = app.get<unknown, { pool: { run(task: HashTask): Promise<unknown> } }>(PasswordsService);
  const run = pool.run.bind(pool);
  const costs: number[] = [];
  pool.run = (task) => {
    if (task.kind === 'compare') costs.push(Number(task.hash.slice(4, 6)));
    return run(task);
  };
  return costs;
}

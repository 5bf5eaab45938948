import type { HashTask } from '../../src/passwords/hash.worker.js';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import type { TestApp } from './app.js';

/** Anything else bcrypt does not compute: it says no at once. */
const computable = /^\$2[ab]\$([0-9]{2})\$[./A-Za-z0-9]{53}$/;

/** Makes the hashing threads of `app` keep a list of the costs of what they compute to compare. */
export function watchComparisons({ app }: TestApp): number[] {
  const { pool } = app.get<unknown, { pool: { run(task: HashTask): Promise<unknown> } }>(PasswordsService);
  const run = pool.run.bind(pool);
  const costs: number[] = [];
  pool.run = (task) => {
    const cost = task.kind === 'compare' ? computable.exec(task.hash)?.[1] : undefined;
    if (cost) costs.push(Number(cost));
    return run(task);
  };
  return costs;
}

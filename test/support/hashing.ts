import type { HashTask } from '../../src/passwords/hash.worker.cjs';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import type { TestApp } from './app.js';

/** Anything else bcrypt does not compute: it says no at once. */
const computable = /^\$2[ab]\$([0-9]{2})\$[./A-Za-z0-9]{53}$/;

/** Makes the hashing threads of `app` keep a list of the costs of what they compute to compare. */
export function watchComparisons({ app }: TestApp): number[] {
  const { pool } = app.get<unknown, { pool: { run(task: HashTask): Promise<unknown> } }>(PasswordsService);
  const run = pool.run.bind(pool);
  const costs: number[] = [];
  const keep = (hash: string) => {
    const cost = computable.exec(hash)?.[1];
    if (cost) costs.push(Number(cost));
  };
  pool.run = async (task) => {
    const result = await run(task);
    if (task.kind === 'compare')
      for (const hash of [task.hash, ...(result ? [] : (task.otherwise ?? []))]) keep(hash);
    return result;
  };
  return costs;
}

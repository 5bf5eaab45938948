import bcrypt from 'bcrypt';
import { jest } from '@jest/globals';
import worker, { type HashTask } from '../../src/passwords/hash.worker.cjs';
import { PasswordsService } from '../../src/passwords/passwords.service.js';
import type { TestApp } from './app.js';

/** Makes `app` verify passwords in this thread, and keep a list of the costs of what bcrypt computes for it. */
export function watchComparisons({ app }: TestApp): number[] {
  const { pool } = app.get<unknown, { pool: { run(task: HashTask): Promise<unknown> } }>(PasswordsService);
  const threads = pool.run.bind(pool);
  const costs: number[] = [];
  pool.run = (task) =>
    task.kind === 'verify' ? Promise.resolve(counting(costs, () => worker.default(task))) : threads(task);
  return costs;
}

function counting<T>(costs: number[], work: () => T): T {
  const { hashSync, compareSync } = bcrypt;
  const keep = (hash: string) => costs.push(Number(hash.slice(4, 6)));
  jest.spyOn(bcrypt, 'hashSync').mockImplementation((password, salt) => {
    keep(String(salt));
    return hashSync(password, salt);
  });
  jest.spyOn(bcrypt, 'compareSync').mockImplementation((password, hash) => {
    keep(hash);
    return compareSync(password, hash);
  });
  try {
    return work();
  } finally {
    jest.restoreAllMocks();
  }
}

import type { EntityManager } from 'typeorm';

/** Find options that hold the rows until the transaction ends. SQLite's transactions are the only writer from their beginning. */
export const lockOf = (manager: EntityManager): { lock?: { mode: 'pessimistic_write' } } =>
  manager.dataSource.options.type === 'postgres' ? { lock: { mode: 'pessimistic_write' } } : {};

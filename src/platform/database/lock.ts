import type { EntityManager } from 'typeorm';

/** SQL after a SELECT that holds its rows until the transaction ends. SQLite's transactions are the only writer from their beginning. */
export const forUpdate = (manager: EntityManager): string =>
  manager.dataSource.options.type === 'postgres' ? 'FOR UPDATE' : '';

import type { DataSource, EntityManager } from 'typeorm';

export const isPostgres = (dataSource: DataSource): boolean => dataSource.options.type === 'postgres';

/** SQL after a SELECT that holds its rows until the transaction ends. SQLite's transactions are the only writer from their beginning. */
export const forUpdate = (manager: EntityManager): string =>
  isPostgres(manager.dataSource) ? 'FOR UPDATE' : '';

/** Likewise, but what others hold is left to them. */
export const forUpdateSkipLocked = (dataSource: DataSource): string =>
  isPostgres(dataSource) ? 'FOR UPDATE SKIP LOCKED' : '';

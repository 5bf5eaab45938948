import type { EntityManager } from 'typeorm';
import { isPostgres } from './lock.js';
import { statement } from './statement.js';

interface Target {
  table: string;
  columns: readonly string[];
  /** Columns that each row is answered with. */
  returning?: string;
}

/**
 * Inserts rows, each with its values, JSON's, in the order of the columns. All of them are one parameter of one statement: thousands
 * of parameters take either database longer to read than the rows to write.
 */
export async function insertRows<Returned = never>(
  manager: EntityManager,
  { table, columns, returning }: Target,
  rows: readonly (readonly unknown[])[],
): Promise<Returned[]> {
  if (rows.length === 0) return [];
  const onPostgres = isPostgres(manager.dataSource);
  const given = onPostgres
    ? `SELECT ${columns.join()} FROM json_populate_recordset(NULL::${table}, $1::json)`
    : `SELECT ${columns.map((_, i) => `value ->> ${i}`).join()} FROM json_each($1) WHERE true`;
  const named = (row: readonly unknown[]) => Object.fromEntries(columns.map((column, i) => [column, row[i]]));
  return statement<Returned>(
    manager,
    `INSERT INTO ${table} (${columns.join()}) ${given} ${returning ? `RETURNING ${returning}` : ''}`,
    [JSON.stringify(onPostgres ? rows.map(named) : rows)],
  );
}

/** SQL: that `column` is among a list of texts or numbers, which `listParameter` makes the parameter `placeholder` of. */
export const isAmong = (
  manager: EntityManager,
  column: string,
  placeholder: string,
  type: 'text' | 'integer',
): string =>
  isPostgres(manager.dataSource)
    ? `${column} = ANY(${placeholder}::${type}[])`
    : `${column} IN (SELECT value FROM json_each(${placeholder}))`;

export const listParameter = (manager: EntityManager, list: readonly (string | number)[]): unknown =>
  isPostgres(manager.dataSource) ? list : JSON.stringify(list);

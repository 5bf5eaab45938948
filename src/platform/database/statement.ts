import { EntityManager, type DataSource } from 'typeorm';
import { traced } from '../tracing/request-traces.js';

/** Runs a statement outside any transaction, through the database's own driver. */
export type RunAlone = (sql: string, parameters: readonly unknown[]) => Promise<unknown[]>;

/** How each data source runs a statement alone: TypeORM's own way costs several times the statement. */
export const aloneOn = new WeakMap<DataSource, RunAlone>();

/**
 * Runs one SQL statement, written with `$1` on either database, and returns its rows: of a query, or of a `RETURNING` clause.
 * `source`: a transaction's manager, or the data source for a statement of its own, prepared once and kept.
 */
export async function statement<Row>(
  source: DataSource | EntityManager,
  sql: string,
  parameters: readonly unknown[],
): Promise<Row[]> {
  const inTransaction = source instanceof EntityManager ? source.queryRunner : undefined;
  if (!inTransaction) {
    const dataSource = source instanceof EntityManager ? source.dataSource : source;
    const runAlone = aloneOn.get(dataSource);
    if (!runAlone) throw new Error('not a data source of createDataSource');
    return (await traced(nameOf(sql), () => runAlone(sql, parameters))) as Row[];
  }
  // Typed as always there: SQLite's of a statement without rows has none.
  const result = await traced<{ records?: unknown[] }>(nameOf(sql), () =>
    inTransaction.query(sql, [...parameters], true),
  );
  return (result.records ?? []) as Row[];
}

/** Of its span: the verb, never what is asked for. */
const nameOf = (sql: string): string => `database ${sql.slice(0, sql.indexOf(' '))}`;

import { EntityManager, type DataSource } from 'typeorm';

/**
 * Runs one SQL statement, written with `$1` on either database, and returns its rows: of a query, or of a `RETURNING` clause.
 * `source`: a transaction's manager, or the data source for a statement of its own.
 */
export async function statement<Row>(
  source: DataSource | EntityManager,
  sql: string,
  parameters: readonly unknown[],
): Promise<Row[]> {
  const inTransaction = source instanceof EntityManager ? source.queryRunner : undefined;
  const runner =
    inTransaction ?? (source instanceof EntityManager ? source.dataSource : source).createQueryRunner();
  try {
    // Typed as always there: SQLite's of a statement without rows has none.
    const result: { records?: unknown[] } = await runner.query(sql, [...parameters], true);
    return (result.records ?? []) as Row[];
  } finally {
    if (!inTransaction) await runner.release();
  }
}

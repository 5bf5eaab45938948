import type { DataSource } from 'typeorm';

/** Rows that a page looks at, at most, to find those that it shows. */
export const WINDOW = 10_000;

/** A condition on a row, with its parameters: `$1` is the first of them. */
export interface Condition {
  sql: string;
  parameters: readonly unknown[];
}

export interface PageOf {
  table: string;
  /** The column that orders the rows, and tells them apart. */
  key: string;
  direction: 'ASC' | 'DESC';
  /** What an index answers, in the order of `key`: it costs nothing to leave out the rest. */
  indexed: readonly Condition[];
  /** What has to be asked row by row. */
  filters: readonly Condition[];
  /** The key of the row before the page; absent: the first page. */
  after?: string | number | undefined;
  limit: number;
}

export interface Page<Row> {
  rows: Row[];
  /** What to ask `after` next, or null at the end. A page may have fewer rows than asked for, and still not be the last. */
  next: string | number | null;
}

/**
 * A page by keyset: it costs the same wherever it lies, whatever was written since the one before. With `filters` no more than
 * `WINDOW` rows are looked at, however few of them match.
 */
export async function pageOf<Row extends object>(dataSource: DataSource, page: PageOf): Promise<Page<Row>> {
  const { key, direction, filters, limit } = page;
  const parameters: unknown[] = [];
  const window = windowOf(page, filters.length > 0 ? WINDOW : limit + 1, parameters);
  const where =
    filters.length > 0 ? `WHERE ${filters.map((each) => bind(each, parameters)).join(' AND ')}` : '';
  // Not by `statement`, which keeps each text prepared: here there are as many as limits and filters.
  const rows = await dataSource.query<Row[]>(
    `SELECT * FROM (${window}) found ${where} ORDER BY ${key} ${direction} LIMIT ${limit + 1}`,
    parameters,
  );
  const keyOf = (row: Row | undefined) => (row as Record<string, string | number> | undefined)?.[key] ?? null;
  if (rows.length > limit) return { rows: rows.slice(0, limit), next: keyOf(rows[limit - 1]) };
  return { rows, next: filters.length > 0 ? await endOfWindow(dataSource, page) : null };
}

function windowOf(
  { table, key, direction, indexed, after }: PageOf,
  size: number,
  parameters: unknown[],
): string {
  const beyond = { sql: `${key} ${direction === 'ASC' ? '>' : '<'} $1`, parameters: [after] };
  const conditions = [...indexed, ...(after === undefined ? [] : [beyond])].map((each) =>
    bind(each, parameters),
  );
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  return `SELECT * FROM ${table} ${where} ORDER BY ${key} ${direction} LIMIT ${size}`;
}

/** Where the rows that were looked at end, or null where there are no others. */
async function endOfWindow(dataSource: DataSource, page: PageOf): Promise<string | number | null> {
  const parameters: unknown[] = [];
  const last = page.direction === 'ASC' ? 'max' : 'min';
  const [end] = await dataSource.query<{ size: number; last: string | number }[]>(
    `SELECT count(*) AS size, ${last}(${page.key}) AS last FROM (${windowOf(page, WINDOW, parameters)}) found`,
    parameters,
  );
  return end && end.size === WINDOW ? end.last : null;
}

/** `sql` with its placeholders numbered on from what `parameters` hold, which get its own. */
function bind({ sql, parameters: own }: Condition, parameters: unknown[]): string {
  const offset = parameters.length;
  parameters.push(...own);
  return sql.replaceAll(/\$(\d+)/g, (_, number: string) => `$${Number(number) + offset}`);
}

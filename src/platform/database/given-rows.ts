import type { DataSource } from 'typeorm';
import { isPostgres } from './lock.js';

/**
 * SQL of the table `name` whose rows are a statement's only JSON parameter, `$1`: an array of objects with `columns`, all text.
 * A statement for any number of rows is then one text, prepared once.
 */
export const givenRows = (dataSource: DataSource, name: string, columns: readonly string[]): string =>
  isPostgres(dataSource)
    ? `json_to_recordset($1::json) AS ${name}(${columns.map((column) => `${column} text`).join(', ')})`
    : `(SELECT ${columns.map((column) => `value ->> '${column}' AS ${column}`).join(', ')} FROM json_each($1)) AS ${name}`;

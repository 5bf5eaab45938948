import { parse } from 'csv-parse/sync';
import type { Line } from './line.js';
import { Refusal, type Row } from './row.js';

/** A record with line ends in its quotes may have so many lines. */
const RECORD_MAX_LINES = 100;

/**
 * The rows of a table with a header (RFC 4180). Each is parsed alone, so that a quote that is never closed costs its own line and
 * not the rest of the file: the next line begins a row again.
 * @throws SyntaxError where the header does not tell the columns apart
 */
export async function* tableRows(
  input: AsyncIterable<readonly Line[]>,
  separator: string,
): AsyncGenerator<Row[]> {
  let table: Table | undefined;
  for await (const lines of input) {
    const [header] = lines;
    if (!header) continue;
    const rows: Row[] = [];
    for (const line of table ? lines : lines.slice(1))
      (table ??= new Table(header, separator)).add(line, rows);
    table ??= new Table(header, separator);
    yield rows;
  }
  yield table?.end() ?? [];
}

class Table {
  private readonly header: string;
  private readonly columns: readonly string[];
  private held: Line[] = [];

  constructor(
    { raw }: Line,
    private readonly separator: string,
  ) {
    this.header = raw;
    this.columns = this.namesIn(raw);
  }

  /** @throws SyntaxError where nobody could tell which cell a row's column is */
  private namesIn(header: string): string[] {
    let names: string[];
    try {
      names = this.cellsOf(header).map((name) => name.trim());
    } catch (error) {
      throw new SyntaxError('the header of the table cannot be read', { cause: error });
    }
    // As of a join: the number of an account and that of its profile.
    const twice = names.find((name, i) => name !== '' && names.indexOf(name) !== i);
    if (twice === undefined) return names;
    throw new SyntaxError(`the header of the table has ${JSON.stringify(twice)} twice`);
  }

  /** Adds a line, and to `rows` what is complete with it. */
  add(line: Line, rows: Row[]): void {
    if (this.held.length === 0 && !line.raw.includes('"')) {
      if (line.raw.trim() !== '') rows.push(this.rowOf([line]));
      return;
    }
    this.held.push(line);
    this.release(RECORD_MAX_LINES, rows);
  }

  end(): Row[] {
    const rows: Row[] = [];
    this.release(0, rows);
    return rows;
  }

  /** Adds what is complete of the held lines, and what cannot become so in `patience` lines. */
  private release(patience: number, rows: Row[]): void {
    while (this.held.length > 0) {
      const size = lengthOfRecord(this.held);
      if (size === 0 && this.held.length < patience) return;
      const row = this.rowOf(this.held.slice(0, Math.max(size, 1)));
      this.held = this.held.slice(row.fault === undefined ? size : 1);
      rows.push(row);
    }
  }

  private rowOf(record: readonly Line[]): Row {
    const [first] = record as [Line];
    const raw = record.length === 1 ? first.raw : record.map((each) => each.raw).join('');
    const { header } = this;
    try {
      if (record.some(({ isTooLong }) => isTooLong)) throw new Refusal('the line is too long');
      const cells = this.cellsOf(raw);
      const { length } = this.columns;
      if (cells.length !== length)
        throw new Refusal(`it has ${cells.length} columns, and the header ${length}`);
      const fields: Record<string, unknown> = {};
      for (let i = 0; i < length; i += 1) fields[this.columns[i] as string] = cells[i];
      return { line: first.number, raw, header, fields };
    } catch (error) {
      const fault = error instanceof Refusal ? error.message : 'its quotes do not match';
      return { line: first.number, raw: first.raw, header, fault };
    }
  }

  private cellsOf(raw: string): string[] {
    if (!raw.includes('"')) return raw.replace(/\r?\n$/, '').split(this.separator);
    const records = parse(raw, { delimiter: this.separator, relax_column_count: true });
    if (records.length !== 1) throw new Refusal('its quotes do not match');
    return records[0] as string[];
  }
}

/** How many of the lines, from the first, have every quote closed; 0: not yet. */
function lengthOfRecord(lines: readonly Line[]): number {
  let isOpen = false;
  for (const [i, { raw }] of lines.entries()) {
    for (let at = raw.indexOf('"'); at >= 0; at = raw.indexOf('"', at + 1)) isOpen = !isOpen;
    if (!isOpen) return i + 1;
  }
  return 0;
}

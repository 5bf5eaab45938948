import { documentRows, jsonLineRows } from './json.reader.js';
import { linesOf } from './line.js';
import type { Preset } from './preset.js';
import type { Row } from './row.js';
import type { Format } from './system.js';
import { tableRows } from './table.reader.js';

/** The format of a file: what its name says, else what the preset's system writes. */
export function formatOf(file: string, { format }: Preset): Format {
  const extension = /\.(csv|tsv|jsonl|ndjson|json)$/i.exec(file)?.[1]?.toLowerCase();
  if (extension === undefined) return typeof format === 'string' ? format : 'json';
  const byName: Record<string, Format> = { tsv: 'csv', ndjson: 'jsonl' };
  return byName[extension] ?? (extension as Format);
}

/** The rows of an export, some at a time. @throws SyntaxError where a JSON document is broken, or a table's header */
export async function* rowsOf(
  source: AsyncIterable<Buffer>,
  { format, separator, preset }: { format: Format; separator: string; preset: Preset },
): AsyncGenerator<Row[]> {
  const input = unmarked(source);
  if (format === 'csv') yield* tableRows(linesOf(input), separator);
  else if (format === 'jsonl') yield* jsonLineRows(linesOf(input));
  else yield* jsonRows(input, preset);
}

/** Without the byte order mark that programs of Windows put in front. @throws SyntaxError where it marks UTF-16 */
async function* unmarked(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let beginning: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of input) {
    if (!beginning) {
      yield chunk;
      continue;
    }
    beginning = Buffer.concat([beginning, chunk]);
    if (beginning.length < 3) continue;
    yield withoutMark(beginning);
    beginning = undefined;
  }
  if (beginning) yield withoutMark(beginning);
}

function withoutMark(bytes: Buffer): Buffer {
  const hex = bytes.toString('hex', 0, 3);
  if (/^(fffe|feff)/.test(hex)) throw new SyntaxError('the file is UTF-16: convert it to UTF-8');
  return hex === 'efbbbf' ? bytes.subarray(3) : bytes;
}

/** What calls itself JSON may be an array, the system's own document, or JSON Lines: its beginning tells. */
async function* jsonRows(chunks: AsyncGenerator<Buffer, void>, { format }: Preset): AsyncGenerator<Row[]> {
  const read: Buffer[] = [];
  let beginning = '';
  while (beginning === '') {
    const { value } = await chunks.next();
    if (!value) return;
    read.push(value);
    beginning = value.toString('latin1').trim().slice(0, 1);
  }
  async function* whole(): AsyncGenerator<Buffer> {
    yield* read;
    yield* chunks;
  }
  if (beginning === '[') yield* documentRows(whole(), undefined);
  else if (typeof format === 'object') yield* documentRows(whole(), format.document);
  else yield* jsonLineRows(linesOf(whole()));
}

import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { LINE_MAX_BYTES, linesOf } from './line.js';
import type { Row } from './row.js';
import { tableRows } from './table.reader.js';

async function rowsIn(text: string, { separator = ',', chunk = 7 } = {}): Promise<Row[]> {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, i) =>
    bytes.subarray(i * chunk, (i + 1) * chunk),
  );
  const rows: Row[] = [];
  for await (const some of tableRows(linesOf(Readable.from(chunks)), separator)) rows.push(...some);
  return rows;
}

const brief = (rows: Row[]) => rows.map(({ line, fields, fault }) => [line, fields ?? fault]);

describe('tableRows', () => {
  it('reads cells by the names of the header, quoted or not, with line ends of either kind', async () => {
    const rows = await rowsIn('a, b \r\n1,2\r\n\r\n"x, ""y""",\n"two\nlines",4');
    expect(brief(rows)).toEqual([
      [2, { a: '1', b: '2' }],
      [4, { a: 'x, "y"', b: '' }],
      [5, { a: 'two\nlines', b: '4' }],
    ]);
  });

  it('keeps each row as it came, byte by byte, and its header', async () => {
    const rows = await rowsIn('a,b\nä,"€\nx"\n');
    const [row] = rows;
    expect(Buffer.from(row?.raw ?? '', 'latin1').toString()).toBe('ä,"€\nx"\n');
    expect(row?.header).toBe('a,b\n');
  });

  it.each([
    ['a quote that is never closed', 'a,b\n1,"2\n3,4\n5,6\n', 2],
    ['a quote in a cell', 'a,b\n1,2"\n3,4\n5,6\n', 2],
    ['something behind a quote', 'a,b\n1,"2"x\n3,4\n5,6\n', 2],
    ['a cell too few', 'a,b\n1\n3,4\n5,6\n', 2],
    ['a cell too many', 'a,b\n1,2,3\n3,4\n5,6\n', 2],
  ])('rejects %s, and no other line', async (_, text, line) => {
    const rows = await rowsIn(text);
    expect(rows.filter(({ fault }) => fault !== undefined).map((row) => row.line)).toEqual([line]);
    expect(rows.filter(({ fields }) => fields).map(({ fields }) => fields)).toEqual([
      { a: '3', b: '4' },
      { a: '5', b: '6' },
    ]);
  });

  it('gives up a quote after a hundred lines, and goes on behind its first', async () => {
    const lines = Array.from({ length: 500 }, (_, i) => `${i},x`);
    const rows = await rowsIn(`a,b\n"open\n${lines.join('\n')}\n`, { chunk: 4_096 });
    expect(rows.filter(({ fault }) => fault !== undefined)).toHaveLength(1);
    expect(rows.filter(({ fields }) => fields)).toHaveLength(500);
  });

  it('holds no more of a line than is allowed, and rejects it', async () => {
    const rows = await rowsIn(`a,b\n${'x'.repeat(3 * LINE_MAX_BYTES)},1\n3,4\n`, { chunk: 65_536 });
    expect(brief(rows)).toEqual([
      [2, 'the line is too long'],
      [3, { a: '3', b: '4' }],
    ]);
    expect(rows[0]?.raw.length).toBeLessThan(1.2 * LINE_MAX_BYTES);
  });

  it('takes another separator', async () => {
    expect(brief(await rowsIn('a;b\n"1;2";3\n', { separator: ';' }))).toEqual([[2, { a: '1;2', b: '3' }]]);
  });

  it.each(['', 'a,b', 'a,b\n'])('finds no row in %j', async (text) => {
    expect(await rowsIn(text)).toEqual([]);
  });
});

import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { presets } from './presets.js';
import { rowsOf } from './rows.reader.js';
import type { Format, System } from './system.js';

async function fieldsIn(bytes: Buffer, format: Format, from: System = 'generic'): Promise<unknown[]> {
  const chunks = [...bytes].map((byte) => Buffer.from([byte]));
  const rows = rowsOf(Readable.from(chunks), { format, separator: ',', preset: presets[from] });
  const read: unknown[] = [];
  for await (const some of rows) read.push(...some.map(({ fields, fault }) => fields ?? fault));
  return read;
}

describe('rowsOf', () => {
  it.each<[Format, System, string]>([
    ['csv', 'generic', 'email\na\n'],
    ['jsonl', 'generic', '{"email":"a"}\n'],
    ['json', 'generic', '{"email":"a"}\n'],
    ['json', 'generic', '[{"email":"a"}]'],
    ['json', 'keycloak', '{"users":[{"email":"a"}]}'],
  ])('reads %s of %s with a byte order mark as without', async (format, from, text) => {
    for (const mark of ['', '\ufeff'])
      expect(await fieldsIn(Buffer.from(mark + text), format, from)).toEqual([{ email: 'a' }]);
  });

  it('reads what is shorter than a mark, and says what UTF-16 is', async () => {
    expect(await fieldsIn(Buffer.from('{}'), 'jsonl')).toEqual([{}]);
    expect(await fieldsIn(Buffer.alloc(0), 'csv')).toEqual([]);
    const utf16 = Buffer.from('\ufeffemail\na\n', 'utf16le');
    for (const bytes of [utf16, Buffer.from(utf16).swap16()])
      await expect(fieldsIn(bytes, 'csv')).rejects.toThrow(
        new SyntaxError('the file is UTF-16: convert it to UTF-8'),
      );
  });

  it.each([
    ['id,email,id\n1,a,2\n', 'the header of the table has "id" twice'],
    ['email,"x\ny"\na,1\n', 'the header of the table cannot be read'],
  ])('takes nothing of a table with the header of %j', async (text, message) => {
    await expect(fieldsIn(Buffer.from(text), 'csv')).rejects.toMatchObject({ name: 'SyntaxError', message });
  });

  it('takes columns without a name for no columns', async () => {
    expect(await fieldsIn(Buffer.from('email,,\na,1,2\n'), 'csv')).toEqual([{ email: 'a', '': '2' }]);
  });
});

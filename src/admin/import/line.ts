/** What one account may be written in; what is longer is no account. */
export const LINE_MAX_BYTES = 1_048_576;

export interface Line {
  number: number;
  /** Byte by byte (latin1), with its line end. */
  raw: string;
  /** Longer than `LINE_MAX_BYTES`: `raw` is its beginning. */
  isTooLong: boolean;
}

/** The lines of `input`, as many at a time as it gives, of which the last is kept until it is whole. */
export async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<Line[]> {
  let number = 0;
  let rest = '';
  let isTooLong = false;
  for await (const chunk of input) {
    // Bytes as characters: what is rejected can be written as it came, and all that is read is ASCII or JSON.
    const text = rest + chunk.toString('latin1');
    const lines: Line[] = [];
    let from = 0;
    for (let end = text.indexOf('\n') + 1; end > 0; end = text.indexOf('\n', from) + 1) {
      const isBeyond = (from === 0 && isTooLong) || end - from - 1 > LINE_MAX_BYTES;
      lines.push({ number: (number += 1), raw: text.slice(from, end), isTooLong: isBeyond });
      from = end;
    }
    isTooLong = text.length - from > LINE_MAX_BYTES || (isTooLong && lines.length === 0);
    rest = text.slice(from, isTooLong ? from + LINE_MAX_BYTES : undefined);
    yield lines;
  }
  if (rest !== '') yield [{ number: number + 1, raw: `${rest}\n`, isTooLong }];
}

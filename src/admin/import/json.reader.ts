import { pipeline, Readable } from 'node:stream';
import pick from 'stream-json/filters/pick.js';
import parser from 'stream-json/parser.js';
import streamArray from 'stream-json/streamers/stream-array.js';
import type { Line } from './line.js';
import type { Fields, Row } from './row.js';

/** The rows of JSON Lines: an object a line. */
export async function* jsonLineRows(input: AsyncIterable<readonly Line[]>): AsyncGenerator<Row[]> {
  for await (const lines of input) yield lines.filter(({ raw }) => raw.trim() !== '').map(rowOf);
}

function rowOf({ number, raw, isTooLong }: Line): Row {
  const row = { line: number, raw, header: '' };
  const fields = isTooLong ? undefined : objectIn(Buffer.from(raw, 'latin1').toString());
  return fields
    ? { ...row, fields }
    : { ...row, fault: isTooLong ? 'the line is too long' : 'it is no JSON object' };
}

/**
 * The rows of one JSON document, of which one entry is held at a time: of an array, or of the one that it has at `key`. `raw` is
 * each as a line of JSON Lines.
 * @throws SyntaxError where it is not JSON to the end
 */
export async function* documentRows(
  input: AsyncIterable<Buffer>,
  key: string | undefined,
): AsyncGenerator<Row[]> {
  const entries = streamArray.asStream();
  const steps = [Readable.from(input), parser.asStream({ streamValues: false })];
  const picked = key === undefined ? [] : [pick.asStream({ filter: key })];
  pipeline([...steps, ...picked, entries], () => undefined);
  try {
    for await (const { key: index, value } of entries as AsyncIterable<{ key: number; value: unknown }>) {
      const row = { line: index + 1, raw: latin1(`${JSON.stringify(value)}\n`), header: '' };
      yield [isObject(value) ? { ...row, fields: value } : { ...row, fault: 'it is no JSON object' }];
    }
  } catch (error) {
    throw new SyntaxError('the JSON document is broken', { cause: error });
  }
}

function objectIn(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

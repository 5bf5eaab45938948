import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { InvalidArgumentError } from 'commander';
import { columns, type Column } from '../admin/import/column.js';
import { firebaseParametersIn } from '../admin/import/firebase-parameters.js';
import { laravelKey } from '../admin/import/laravel-encryption.js';
import type { FirebaseParameters } from '../admin/import/preset.js';
import { CommandError } from './operator.command.js';

/** Adds one `--map old=new`; `=new` leaves a column out. */
export function mapped(text: string, map: ReadonlyMap<Column, string> = new Map()): Map<Column, string> {
  const at = text.lastIndexOf('=');
  const column = columns.find((each) => each === text.slice(at + 1));
  if (at < 0 || column === undefined)
    throw new InvalidArgumentError(`It must be <column of the file>=<one of ${columns.join(', ')}>.`);
  return new Map([...map, [column, text.slice(0, at)]]);
}

/** What separates the cells of a table. */
export function separatorOf(text: string): string {
  const separator = text === 'tab' || text === '\\t' ? '\t' : text;
  if (separator.length === 1 && separator !== '"') return separator;
  throw new InvalidArgumentError('It must be one character, or tab.');
}

/** The APP_KEYs in a text: a key alone, or an `.env` with APP_KEY and APP_PREVIOUS_KEYS. @throws CommandError */
export function laravelKeysIn(given: string): Buffer[] {
  const lines = given
    .split(/\r?\n/)
    .map((line) => /^\s*(?:APP_KEY|APP_PREVIOUS_KEYS)\s*=(.*)$/.exec(line)?.[1]);
  const named = lines.filter((line) => line !== undefined);
  const texts = (named.length > 0 ? named : [given]).flatMap((line) => line.replace(/["']/g, '').split(','));
  const keys = texts.filter((line) => line.trim() !== '').map((line) => laravelKey(line));
  if (keys.length > 0 && keys.every((key) => key !== undefined)) return keys;
  throw new CommandError('The APP_KEY must be base64: and 16 or 32 bytes in base64, as in .env', 2);
}

/** @throws CommandError */
export function firebaseParametersOf(given: string): FirebaseParameters {
  const parameters = firebaseParametersIn(given);
  if (parameters) return parameters;
  throw new CommandError(
    'The Firebase parameters must name base64_signer_key, base64_salt_separator, rounds and mem_cost',
    2,
  );
}

/** All of a small file, or of standard input (`-`). @throws CommandError */
export const readText = (path: string): Promise<string> =>
  path === '-'
    ? text(process.stdin)
    : readFile(path, 'utf8').catch((error: unknown) => unreadable(path, error));

/** An export, as it is read, and how many bytes it has; undefined where nobody knows. @throws CommandError */
export async function openExport(
  path: string,
): Promise<{ chunks: AsyncIterable<Buffer>; bytes: number | undefined }> {
  if (path === '-') return { chunks: process.stdin as AsyncIterable<Buffer>, bytes: undefined };
  const found = await stat(path).catch((error: unknown) => unreadable(path, error));
  if (found.isDirectory()) throw new CommandError(`${path} is a folder`, 2);
  const chunks = createReadStream(path, { highWaterMark: 262_144 }) as AsyncIterable<Buffer>;
  return { chunks, bytes: found.isFile() ? found.size : undefined };
}

function unreadable(path: string, error: unknown): never {
  throw new CommandError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? ''})`, 2);
}

import { isNothing, listOf, type Column } from './column.js';
import type { Fields } from './row.js';

/** What a preset needs beside the export. */
export interface ImportKeys {
  /** The APP_KEYs of a Laravel application, the one that encrypts now first. */
  laravel?: readonly Buffer[];
  firebase?: FirebaseParameters;
  /** Epoch milliseconds. */
  now: number;
  /** The roles that are configured. */
  roles: readonly string[];
}

/** The password hash parameters of a Firebase project. Keys in base64. */
export interface FirebaseParameters {
  signerKey: string;
  saltSeparator: string;
  rounds: number;
  memCost: number;
}

/** Where a column comes from: a field (`a.b` is `b` of `a`), the first of several that is there, or what a function makes of the row. */
export type Source = string | readonly string[] | ((row: Fields, keys: ImportKeys) => unknown);

/** How the accounts of another system are read from its own export. */
export interface Preset {
  /** What its export is: a table, JSON Lines, or one JSON document with the accounts at `document`. */
  format: 'csv' | 'jsonl' | { document: string };
  columns: Partial<Record<Column, Source>>;
}

/** What a row has at `path`; undefined: no such field. */
export function fieldAt(row: unknown, path: string): unknown {
  if (typeof row !== 'object' || row === null) return undefined;
  const fields = row as Fields;
  if (Object.hasOwn(fields, path)) return fields[path];
  const [first = '', ...rest] = path.split('.');
  return rest.length > 0 && Object.hasOwn(fields, first) ? fieldAt(fields[first], rest.join('.')) : undefined;
}

/** What `source` gives of a row. @throws Refusal */
export function readColumn(source: Source, row: Fields, keys: ImportKeys): unknown {
  if (typeof source === 'string') return fieldAt(row, source);
  if (typeof source === 'function') return source(row, keys);
  return source.map((path) => fieldAt(row, path)).find((value) => value !== undefined);
}

/** Of several roles of another system (`ROLE_ADMIN`, `admin`) the one that an account gets; undefined: none that is configured. */
export function roleAmong(value: unknown, { roles }: ImportKeys): string | undefined {
  if (isNothing(value)) return undefined;
  const theirs = listOf(value, 'role').map((role) => role.toLowerCase().replace(/^role_/, ''));
  return theirs.includes('admin') ? 'admin' : roles.find((role) => theirs.includes(role));
}

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { ConfigError } from '../platform/config/config.schema.js';
import { replacePrivateFile } from '../platform/config/private-file.js';
import * as rule from '../platform/config/rule.schema.js';
import type { SigningAlgorithm } from './signing-key.js';

/** A key as it is kept: `{"keys": […]}` in `signing-keys.json`. */
export interface StoredKey {
  algorithm: SigningAlgorithm;
  /** The secret of HS256, the private key in PEM of ES256. */
  material: string;
  /** ISO 8601. */
  signs_from: string;
}

/** The most that ACCESS_TOKEN_TTL_SECONDS can be: a command's may be another than the servers'. */
const LONGEST_TOKEN_SECONDS = 86_400;
const LOCK_PATIENCE_MS = 5_000;

/**
 * The keys in `file`, in the order in which they sign. Before any rotation: the secret that the first start under HS256 made, or none.
 * @throws ConfigError where `file` is there and holds anything else
 */
export function readKeys(file: string): StoredKey[] {
  const text = readText(file);
  if (text !== undefined) return inOrder(parseKeys(text, file));
  const material = rule.key.parse(readText(join(dirname(file), 'jwt-secret'))?.trim() ?? '');
  return material === undefined
    ? []
    : [{ algorithm: 'HS256', material, signs_from: new Date(0).toISOString() }];
}

/**
 * Writes what `change` makes of the keys, without those long retired, and returns it. One process at a time: none loses the key that
 * another adds. `now` in epoch milliseconds.
 * @throws ConfigError where `file` cannot be read or written
 */
export function changeKeys(
  file: string,
  now: number,
  change: (keys: StoredKey[]) => StoredKey[],
): StoredKey[] {
  return exclusively(file, () => {
    const keys = inOrder(change(readKeys(file)));
    const needed = keys.filter((_, i) => {
      const next = keys[i + 1];
      return !next || Date.parse(next.signs_from) + LONGEST_TOKEN_SECONDS * 1000 > now;
    });
    replacePrivateFile(file, `${JSON.stringify({ keys: needed }, null, 2)}\n`);
    return needed;
  });
}

/** The lock is SQLite's, on an empty file: the system releases it with its holder, even a killed one. */
function exclusively<T>(file: string, work: () => T): T {
  let lock: Database.Database | undefined;
  try {
    lock = new Database(`${file}.lock`, { timeout: LOCK_PATIENCE_MS });
    lock.exec('BEGIN EXCLUSIVE');
    return work();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    const why = code === 'SQLITE_BUSY' ? 'another process is at it, try again' : code;
    throw new ConfigError([`DATA_DIR: the file ${file} could not be written (${why})`]);
  } finally {
    lock?.close();
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw unusable(file, code);
  }
}

function parseKeys(text: string, file: string): StoredKey[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // Not its message: that quotes the text, a key for all we know.
    throw unusable(file, 'not JSON');
  }
  const { keys } = (content ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys) || keys.length === 0) throw unusable(file, 'no keys');
  return keys.map((key: unknown, i) => {
    if (!isStoredKey(key)) throw unusable(file, `key ${i + 1}`);
    return key;
  });
}

function isStoredKey(value: unknown): value is StoredKey {
  const { algorithm, material, signs_from } = (value ?? {}) as Record<keyof StoredKey, unknown>;
  if (typeof material !== 'string' || typeof signs_from !== 'string' || Number.isNaN(Date.parse(signs_from)))
    return false;
  const keyRule = algorithm === 'ES256' ? rule.privateKey : algorithm === 'HS256' ? rule.key : undefined;
  return keyRule?.parse(material) !== undefined;
}

const inOrder = (keys: StoredKey[]): StoredKey[] =>
  keys.toSorted((a, b) => Date.parse(a.signs_from) - Date.parse(b.signs_from));

const unusable = (file: string, why: string): ConfigError =>
  new ConfigError([
    `DATA_DIR: the file ${file} must hold signing keys as \`gatehouse keys rotate\` writes them (${why}); put its former ` +
      'content back, or see docs/signing-keys.md on how to begin anew',
  ]);

import { parseInstant } from '../../platform/validation/instant.policy.js';
import { Refusal } from './row.js';

/** What an account can be brought with. */
export const columns = [
  'email',
  'password_hash',
  'role',
  'id',
  'public_id',
  'created_at',
  'disabled',
  'verified',
  'two_factor_secret',
  'two_factor_confirmed',
  'recovery_codes',
] as const;

export type Column = (typeof columns)[number];

/** Whether a cell holds nothing: databases write their NULL into tables in these ways. */
export const isNothing = (value: unknown): value is null | undefined | '' =>
  value === undefined || value === null || value === '' || value === 'NULL' || value === '\\N';

/** @throws Refusal where it is neither text nor a number */
export function textOf(value: unknown, column: Column): string | undefined {
  if (isNothing(value)) return undefined;
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw new Refusal(`${column} is no text`);
  return value.trim();
}

const yes = ['true', 't', '1', 'yes', 'y'];
const no = ['false', 'f', '0', 'no', 'n'];

/** Yes or no, or since when (epoch milliseconds); undefined: nothing. @throws Refusal */
export function flagOf(value: unknown, column: Column): boolean | number | undefined {
  if (typeof value === 'boolean') return value;
  const text = textOf(value, column)?.toLowerCase();
  if (text === undefined) return undefined;
  if (yes.includes(text)) return true;
  return no.includes(text) ? false : instantOf(value, column);
}

const date =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * Epoch milliseconds of a date in ISO 8601 or as databases write it, in UTC where it names no offset, or of epoch seconds or
 * milliseconds. @throws Refusal
 */
export function instantOf(value: unknown, column: Column): number | undefined {
  const text = textOf(value, column);
  if (text === undefined) return undefined;
  // Seconds until the year 5138, milliseconds since 1973.
  if (/^\d{9,14}$/.test(text)) return Number(text) < 1e11 ? Number(text) * 1000 : Number(text);
  const [, day, time = '00:00', zone = 'Z'] = date.exec(text) ?? [];
  const instant = parseInstant(`${day}T${time.replace(/(\.\d{3})\d+/, '$1')}${offsetOf(zone)}`);
  if (instant === undefined) throw new Refusal(`${column} is no date`);
  return instant;
}

function offsetOf(zone: string): string {
  if (/^(Z|UTC)$/i.test(zone)) return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

/** A list: of JSON, JSON in text, or of words with blanks, commas or line ends between them. @throws Refusal */
export function listOf(value: unknown, column: Column): string[] {
  const list = typeof value === 'string' && value.trim().startsWith('[') ? jsonIn(value, column) : value;
  if (Array.isArray(list) && list.every((each) => typeof each === 'string')) return list;
  return (
    textOf(list, column)
      ?.split(/[\s,]+/)
      .filter(Boolean) ?? []
  );
}

/** JSON in text. @throws Refusal */
export function jsonIn(value: unknown, column: Column): unknown {
  try {
    return JSON.parse(String(value)) as unknown;
  } catch {
    throw new Refusal(`${column} is no JSON`);
  }
}

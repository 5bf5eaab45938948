import { inspectHash } from '../../passwords/verifiers/registry.cjs';
import { canonicalEmail } from '../../platform/validation/email.policy.js';
import { canonicalRecoveryCode } from '../../two-factor/recovery-code.js';
import { isTotpSecret, TOTP_SECRET_MAX_BYTES, TOTP_SECRET_MIN_BYTES } from '../../two-factor/totp.js';
import { flagOf, instantOf, listOf, textOf, type Column } from './column.js';
import { fieldAt, readColumn, type ImportKeys, type Preset } from './preset.js';
import { Refusal, type Fields } from './row.js';
import { totpSecretOf } from './totp-secret.js';

/** An account that may be taken. Where something is undefined the export does not say. */
export interface Candidate {
  /** Canonical. */
  email: string;
  passwordHash: string | undefined;
  /** Of its hash; `none` without one. */
  kind: string;
  role: string | undefined;
  id: number | undefined;
  publicId: string | undefined;
  /** Epoch milliseconds. */
  createdAt: number | undefined;
  /** Whether; or since when, in epoch milliseconds. */
  disabled: boolean | number | undefined;
  secret: Buffer | undefined;
  /** Canonical. */
  recoveryCodes: string[];
}

/** How the rows of one import are read. */
export interface Reading {
  preset: Preset;
  /** Fields of the file by the column that they are taken for, whatever the preset says; '': the column is left out. */
  map: ReadonlyMap<Column, string>;
  keys: ImportKeys;
  /** Whether accounts are taken whose e-mail nobody has verified. */
  acceptUnverified: boolean;
  /** What becomes of two-factor that was never confirmed; undefined: the row is refused. */
  unconfirmed: 'accept' | 'drop' | undefined;
}

/** The accounts to come get greater numbers, of which PostgreSQL's column ends at 2,147,483,647. */
const MAX_ID = 2_000_000_000;
/** What may be stored with one account. */
const RECOVERY_CODES_MAX = 20;

/** The account that a row holds. @throws Refusal */
export function candidateOf(row: Fields, reading: Reading): Candidate {
  const cell = cellsOf(row, reading);
  const email = canonicalEmail(textOf(cell('email'), 'email'));
  if (email === undefined) throw new Refusal('email is no e-mail address that can be used here');
  if (!reading.acceptUnverified && isUnverified(cell('verified')))
    throw new Refusal('its e-mail was never verified (--unverified accept takes it)');
  const passwordHash = textOf(cell('password_hash'), 'password_hash');
  const { secret, recoveryCodes } = factorOf(cell, reading);
  return {
    email,
    passwordHash,
    kind: kindOf(passwordHash),
    role: roleOf(cell('role'), reading),
    id: idOf(cell('id')),
    publicId: publicIdOf(cell('public_id')),
    createdAt: pastOf(cell('created_at'), reading),
    disabled: flagOf(cell('disabled'), 'disabled'),
    secret,
    recoveryCodes,
  };
}

type Cells = (column: Column) => unknown;

function cellsOf(row: Fields, { preset, map, keys }: Reading): Cells {
  return (column) => {
    const mapped = map.get(column);
    if (mapped !== undefined) return mapped === '' ? undefined : fieldAt(row, mapped);
    const source = preset.columns[column];
    return source === undefined ? undefined : readColumn(source, row, keys);
  };
}

/** A column that is not there says nothing; one that is empty says no. */
const isUnverified = (value: unknown): boolean =>
  value !== undefined && (flagOf(value, 'verified') ?? false) === false;

function kindOf(hash: string | undefined): string {
  if (hash === undefined) return 'none';
  const inspected = inspectHash(hash);
  if ('refusal' in inspected) throw new Refusal(inspected.refusal);
  return inspected.kind;
}

function roleOf(value: unknown, { keys }: Reading): string | undefined {
  const role = textOf(value, 'role');
  if (role === undefined || keys.roles.includes(role)) return role;
  throw new Refusal(`role must be one of ${keys.roles.join(', ')}`);
}

function idOf(value: unknown): number | undefined {
  const text = textOf(value, 'id');
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,9}$/.test(text) && Number(text) <= MAX_ID) return Number(text);
  throw new Refusal(`id is no number from 1 to ${MAX_ID}`);
}

function publicIdOf(value: unknown): string | undefined {
  const text = textOf(value, 'public_id');
  if (text === undefined || /^[A-Z0-9]{8}$/.test(text)) return text;
  throw new Refusal('public_id is not eight of A–Z and 0–9');
}

function pastOf(value: unknown, { keys }: Reading): number | undefined {
  const instant = instantOf(value, 'created_at');
  if (instant !== undefined && instant > keys.now) throw new Refusal('created_at lies in the future');
  return instant;
}

function factorOf(cell: Cells, { unconfirmed }: Reading): Pick<Candidate, 'secret' | 'recoveryCodes'> {
  const nothing = { secret: undefined, recoveryCodes: [] };
  const text = textOf(cell('two_factor_secret'), 'two_factor_secret');
  if (text === undefined) return nothing;
  if (isUnverified(cell('two_factor_confirmed'))) {
    if (unconfirmed === 'drop') return nothing;
    if (unconfirmed === undefined)
      throw new Refusal('its two-factor was never confirmed (--unconfirmed accept or drop decides)');
  }
  const secret = totpSecretOf(text);
  if (!isTotpSecret(secret))
    throw new Refusal(
      `two_factor_secret is not of ${TOTP_SECRET_MIN_BYTES} to ${TOTP_SECRET_MAX_BYTES} bytes`,
    );
  return { secret, recoveryCodes: recoveryCodesOf(cell('recovery_codes')) };
}

function recoveryCodesOf(value: unknown): string[] {
  const codes = listOf(value, 'recovery_codes').map((code) => canonicalRecoveryCode(code));
  if (codes.includes(undefined))
    throw new Refusal(
      'recovery_codes are not of 16 to 64 letters and digits (--map =recovery_codes leaves them out)',
    );
  if (codes.length > RECOVERY_CODES_MAX)
    throw new Refusal(`recovery_codes are more than ${RECOVERY_CODES_MAX}`);
  return [...new Set(codes as string[])];
}

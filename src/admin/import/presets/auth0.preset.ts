import { textOf } from '../column.js';
import { fieldAt, type Preset } from '../preset.js';
import { Refusal, type Fields } from '../row.js';

/** What Auth0's support exports of a database connection, or a file of its bulk imports. */
export const auth0: Preset = {
  format: 'jsonl',
  columns: {
    email: 'email',
    password_hash: (row) => fieldAt(row, 'passwordHash') ?? fieldAt(row, 'password_hash') ?? customHash(row),
    role: 'app_metadata.role',
    created_at: ['created_at.$date', 'created_at'],
    disabled: 'blocked',
    verified: 'email_verified',
    two_factor_secret: totpFactor,
  },
};

/** `custom_password_hash`: those algorithms whose value says everything that is needed to verify it. */
function customHash(row: Fields): unknown {
  const algorithm = textOf(fieldAt(row, 'custom_password_hash.algorithm'), 'password_hash');
  if (algorithm === undefined) return undefined;
  const hasSalt = fieldAt(row, 'custom_password_hash.salt') !== undefined;
  if (!['bcrypt', 'argon2', 'pbkdf2', 'ldap'].includes(algorithm) || hasSalt)
    throw new Refusal('its custom_password_hash is of an algorithm that is not taken');
  return fieldAt(row, 'custom_password_hash.hash.value');
}

function totpFactor(row: Fields): unknown {
  const factors = fieldAt(row, 'mfa_factors');
  return Array.isArray(factors)
    ? (factors as unknown[]).map((factor) => fieldAt(factor, 'totp.secret')).find(Boolean)
    : undefined;
}

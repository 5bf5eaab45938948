import { flagOf, textOf } from '../column.js';
import { fieldAt, type Preset } from '../preset.js';
import type { Fields } from '../row.js';

/** The table `auth_user`, or what `dumpdata auth.user` writes. */
export const django: Preset = {
  format: 'csv',
  columns: {
    email: ['email', 'fields.email'],
    password_hash: (row) => usableHash(oneOf(row, 'password')),
    role: (row) => (flagOf(oneOf(row, 'is_superuser'), 'role') ? 'admin' : undefined),
    id: ['id', 'pk'],
    created_at: ['date_joined', 'fields.date_joined'],
    disabled: (row) => flagOf(oneOf(row, 'is_active'), 'disabled') === false,
  },
};

const oneOf = (row: Fields, name: string): unknown => fieldAt(row, name) ?? fieldAt(row, `fields.${name}`);

/** `set_unusable_password()` puts an exclamation mark in front. */
function usableHash(value: unknown): string | undefined {
  const hash = textOf(value, 'password_hash');
  return hash?.startsWith('!') ? undefined : hash;
}

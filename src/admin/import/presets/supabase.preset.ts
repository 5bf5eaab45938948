import { instantOf, isNothing, jsonIn } from '../column.js';
import { fieldAt, type Preset } from '../preset.js';

/** The table `auth.users`. Its `role` is PostgreSQL's (`authenticated`), and no role of an application. */
export const supabase: Preset = {
  format: 'csv',
  columns: {
    email: 'email',
    password_hash: 'encrypted_password',
    role: ({ raw_app_meta_data: data }) =>
      isNothing(data) ? undefined : fieldAt(typeof data === 'string' ? jsonIn(data, 'role') : data, 'role'),
    created_at: 'created_at',
    disabled: ({ deleted_at, banned_until }, { now }) =>
      !isNothing(deleted_at) || (instantOf(banned_until, 'disabled') ?? 0) > now,
    verified: ['email_confirmed_at', 'confirmed_at'],
  },
};

import { laravelDecrypt } from '../laravel-encryption.js';
import type { Preset } from '../preset.js';

/** The table `users` of a Laravel application, with the columns of Fortify where it has them. */
export const laravel: Preset = {
  format: 'csv',
  columns: {
    email: 'email',
    password_hash: 'password',
    role: 'role',
    id: 'id',
    created_at: 'created_at',
    disabled: 'deleted_at',
    verified: 'email_verified_at',
    two_factor_secret: (row, { laravel: keys }) => laravelDecrypt(row['two_factor_secret'], keys),
    // Null also where Fortify is not told to ask for a first code: only the operator knows.
    two_factor_confirmed: 'two_factor_confirmed_at',
    recovery_codes: (row, { laravel: keys }) => laravelDecrypt(row['two_factor_recovery_codes'], keys),
  },
};

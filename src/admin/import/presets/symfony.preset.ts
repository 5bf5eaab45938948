import { roleAmong, type Preset } from '../preset.js';

/** The table `user` that `make:user` makes, with the columns of scheb/2fa where it has them. */
export const symfony: Preset = {
  format: 'csv',
  columns: {
    email: ['email', 'username'],
    password_hash: 'password',
    role: (row, keys) => roleAmong(row['roles'], keys),
    id: 'id',
    created_at: 'created_at',
    verified: 'is_verified',
    two_factor_secret: ['totp_secret', 'google_authenticator_secret'],
    recovery_codes: 'backup_codes',
  },
};

import { firebaseScrypt } from '../../../passwords/verifiers/firebase-scrypt.verifier.cjs';
import { roleAmong, type ImportKeys, type Preset } from '../preset.js';
import { isNothing, jsonIn } from '../column.js';
import { Refusal, type Fields } from '../row.js';

/** What `firebase auth:export users.json` writes. */
export const firebase: Preset = {
  format: { document: 'users' },
  columns: {
    email: 'email',
    password_hash: passwordHash,
    role: ({ customAttributes }, keys) => roleOf(customAttributes, keys),
    created_at: 'createdAt',
    disabled: 'disabled',
    verified: 'emailVerified',
  },
};

function passwordHash({ passwordHash, salt }: Fields, { firebase: parameters }: ImportKeys): unknown {
  if (isNothing(passwordHash)) return undefined;
  if (!parameters) throw new Refusal('its hash takes the project’s hash parameters: give them');
  if (typeof passwordHash !== 'string' || typeof salt !== 'string')
    throw new Refusal('its password has no salt');
  return firebaseScrypt({ passwordHash, salt, ...parameters });
}

/** Custom claims: JSON in text. */
function roleOf(claims: unknown, keys: ImportKeys): string | undefined {
  const role = isNothing(claims) ? undefined : (jsonIn(claims, 'role') as { role?: unknown } | null)?.role;
  return role === undefined ? undefined : roleAmong([role], keys);
}

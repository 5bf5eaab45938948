import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { presets } from '../../src/admin/import/presets.js';
import type { System } from '../../src/admin/import/system.js';
import { startApp, type TestApp } from '../support/app.js';
import { importText } from '../support/import.js';
import { rounds } from '../support/scope.js';
import { announceSeed } from '../support/seed.js';

const ROWS = rounds(500, 20_000);
const seed = announceSeed('test/attacks/import-rows.spec.ts');

/** JSON that is no primitive value, and cannot be made one. */
const stubborn = { toString: 1, valueOf: 1 };
const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    stubborn,
    [stubborn],
    [[stubborn]],
    'NULL',
    '{}',
    '[null]',
    '[{}]',
    '\0',
    '\ud800',
    1e300,
    -1,
  ),
  fc.constantFrom(
    '2020-01-01',
    '99999999999999',
    'true',
    'admin',
    'totp',
    'argon2',
    'pbkdf2-sha256',
    'BASE32',
  ),
);
const credential = fc.record(
  Object.fromEntries(
    ['algorithm', 'hashIterations', 'additionalParameters', 'salt', 'value', 'subType', 'secretEncoding'].map(
      (name) => [name, anything],
    ),
  ),
  { requiredKeys: [] },
);
const credentials = fc.array(
  fc.record({
    type: fc.constantFrom('password', 'otp'),
    credentialData: fc.oneof(credential, anything),
    secretData: fc.oneof(fc.record({ salt: fc.string(), value: fc.string() }), credential, anything),
  }),
);
/** Where a preset looks, in words of the systems. */
const names = [
  ...[
    'password',
    'password_hash',
    'passwordHash',
    'encrypted_password',
    'salt',
    'hash',
    'custom_password_hash',
  ],
  ...[
    'id',
    'pk',
    'public_id',
    'role',
    'roles',
    'realmRoles',
    'app_metadata',
    'customAttributes',
    'raw_app_meta_data',
  ],
  ...[
    'created_at',
    'createdAt',
    'createdTimestamp',
    'date_joined',
    'disabled',
    'enabled',
    'blocked',
    'is_active',
  ],
  ...['deleted_at', 'banned_until', 'is_superuser', 'fields', 'email', 'two_factor_secret', 'mfa_factors'],
  ...['two_factor_recovery_codes', 'recovery_codes', 'toString', '__proto__'],
];
const row = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...names), anything, { maxKeys: 6 }),
    fc.oneof(fc.constant(undefined), credentials, anything),
    fc.boolean(),
  )
  .map(([fields, credentials, isVerified]) => ({
    ...fields,
    credentials,
    ...(isVerified && {
      verified: true,
      email_verified_at: '2020-01-01',
      emailVerified: true,
      email_verified: true,
      email_confirmed_at: '2020-01-01',
    }),
  }));

let t: TestApp;
beforeAll(async () => {
  t = await startApp();
});
afterAll(() => t.close());

describe('a row of whatever JSON', () => {
  it.each(Object.keys(presets) as System[])(
    'stops no import from %s: it is taken, or rejected',
    async (from) => {
      const rows = fc.sample(row, { numRuns: ROWS, seed });
      const lines = rows.map(
        (each, i) => `${JSON.stringify({ email: `row${i}@${from}.example`, ...each })}\n`,
      );
      const { tally, rejected } = await importText(t, lines, {
        from,
        format: 'jsonl',
        acceptUnverified: true,
      });
      const { read, created, updated, unchanged, skipped } = tally;
      expect(read).toBe(ROWS);
      expect(created + updated + unchanged + skipped + rejected.length).toBe(ROWS);
      expect(created).toBeGreaterThan(0);
    },
  );
});

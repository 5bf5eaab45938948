import { CreateUsersAndSessions1764000000000 } from './1764000000000-create-users-and-sessions.migration.js';
import { CreateFilms1764000000001 } from './1764000000001-create-films.migration.js';
import { AddRotationAndRevocations1764000000002 } from './1764000000002-add-rotation-and-revocations.migration.js';
import { CreateTwoFactor1764000000003 } from './1764000000003-create-two-factor.migration.js';
import { CreateSignInAddresses1764000000004 } from './1764000000004-create-sign-in-addresses.migration.js';
import { CreateOutbox1764000000005 } from './1764000000005-create-outbox.migration.js';
import { CreateOneTimeTokens1764000000006 } from './1764000000006-create-one-time-tokens.migration.js';
import { CreateAuditEvents1764000000010 } from './1764000000010-create-audit-events.migration.js';
import { AddAccountIndexes1764000000011 } from './1764000000011-add-account-indexes.migration.js';
import { AddOutboxIndex1764000000012 } from './1764000000012-add-outbox-index.migration.js';
import { CreateAccountFailures1764000000013 } from './1764000000013-create-account-failures.migration.js';

/** Every migration, in order. Released ones are never edited: add a new file and a line here. */
export const migrations = [
  CreateUsersAndSessions1764000000000,
  CreateFilms1764000000001,
  AddRotationAndRevocations1764000000002,
  CreateTwoFactor1764000000003,
  CreateSignInAddresses1764000000004,
  CreateOutbox1764000000005,
  CreateOneTimeTokens1764000000006,
  CreateAuditEvents1764000000010,
  AddAccountIndexes1764000000011,
  AddOutboxIndex1764000000012,
  CreateAccountFailures1764000000013,
];

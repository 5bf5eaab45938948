import { ConfigError } from '../platform/config/config.schema.js';
import { databaseErrors, databaseFault, NewerSchemaError } from '../platform/database/database.errors.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { describeCause } from '../platform/logging/cause.js';
import { PROGRAM } from '../platform/package.js';
import { usersErrors } from '../users/users.errors.js';
import { CommandError } from './operator.command.js';

/** What is not wrong with what was given, but with where it was to be used. */
const circumstances = new Map([
  [usersErrors.email_taken, `That e-mail has an account already; see: ${PROGRAM} users show <e-mail>`],
  [
    usersErrors.last_administrator,
    `It is the last administrator who can log in; make another first: ${PROGRAM} users set-role <user> --role admin`,
  ],
  [usersErrors.user_not_found, `There is no such account; see: ${PROGRAM} users list`],
  [
    databaseErrors.database_unavailable,
    'The database is away, busy or cannot be written; try again when it is back',
  ],
]);

/** The line that tells the operator of `error`: of one that was not foreseen, only what may be logged. */
export function explain(error: unknown): CommandError {
  if (error instanceof ConfigError) return new CommandError(error.message.replaceAll('\n', '; '), 1);
  if (error instanceof NewerSchemaError) return new CommandError(`Refused: ${error.message}`, 1);
  const known = error instanceof AppError ? error : databaseFault(error);
  if (!known) {
    const { error: name = 'an error', error_code: code } = describeCause(error);
    return new CommandError(
      `Failed for a reason nobody foresaw: ${name}${code ? ` (${code})` : ''}; please report it`,
      1,
    );
  }
  const isRefused = known.definition === httpErrors.validation_failed;
  return new CommandError(circumstances.get(known.definition) ?? known.sentence, isRefused ? 2 : 1);
}

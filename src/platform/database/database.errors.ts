import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import { AppError, defineErrors } from '../errors/app.errors.js';
import { isError } from '../errors/is-error.js';

export const databaseErrors = defineErrors({
  database_unavailable: { status: 503, sentence: 'Service Unavailable.' },
});

/** Stops a start or a command: what a newer program changed, this one would misread or damage. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';

  constructor(unknown: readonly string[]) {
    super(
      `the database was migrated by a newer version of Gatehouse (${unknown.join(', ')}); ` +
        'start that version, or restore the backup from before the upgrade (docs/operations.md)',
    );
  }
}

/** Stops a start: the embedded database is opened for writing, even to be read. */
export class UnusableFileError extends Error {
  override readonly name = 'UnusableFileError';

  constructor(file: string) {
    super(`${file} cannot be opened for writing: DATA_DIR is read-only, or belongs to another user`);
  }
}

/**
 * PostgreSQL classes 08 (connection), 25006 (read-only), 53 (out of resources), 57 (operator intervention, which has
 * the statement timeout) and 58 (system); SQLite's busy, full, read-only and I/O results; the sockets' own errors.
 */
const unavailable =
  /^(08...|25006|53...|57...|58...|SQLITE_(BUSY|LOCKED|FULL|READONLY|IOERR|CANTOPEN)\w*|ECONN\w+|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH)$/;
const unavailableMessage =
  /^(Connection terminated|timeout exceeded when trying to connect|Client (has encountered a connection error|was closed)|waited too long for the database)/;

/** The `database_unavailable` error where `thrown` says that the database cannot be reached or written, else nothing. */
export function databaseFault(thrown: unknown): AppError | undefined {
  if (!isError(thrown)) return undefined;
  const cause = (thrown instanceof QueryFailedError ? thrown.driverError : thrown) as Error & {
    code?: unknown;
  };
  const { code } = cause;
  const isFault =
    (typeof code === 'string' && unavailable.test(code)) ||
    unavailableMessage.test(cause.message) ||
    // TypeORM's name for a transaction whose connection died between two statements.
    thrown instanceof QueryRunnerAlreadyReleasedError;
  if (!isFault) return undefined;
  return new AppError(databaseErrors.database_unavailable, { cause: thrown, retryAfterSeconds: 1 });
}

/**
 * Whether PostgreSQL's connection broke under the statement that `thrown` tells of: by what the socket says, or the server as its last
 * word. Not where we gave it up.
 */
export function isBrokenConnection(thrown: unknown): boolean {
  if (!(thrown instanceof QueryFailedError)) return false;
  const cause = thrown.driverError as Error;
  if (isSaidByServer(cause)) return /^(08|57P)/.test(cause.code);
  return databaseFault(thrown) !== undefined && cause.message !== 'Connection terminated';
}

/** Whether PostgreSQL itself said so, and not the socket to it: its errors always have a severity (PostgreSQL's protocol, ErrorResponse). */
export const isSaidByServer = (error: unknown): error is Error & { code: string } =>
  isError(error) && 'severity' in error;

/** Whether `thrown` is a broken unique constraint, of either database. */
export function isUniqueViolation(thrown: unknown): boolean {
  if (!(thrown instanceof QueryFailedError)) return false;
  const { code } = thrown.driverError as { code?: unknown };
  return code === '23505' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}

/** Whether a transaction that `thrown` ended may go well when it is tried again: somebody else was first, or in the way. */
export function isTransient(thrown: unknown): boolean {
  if (isUniqueViolation(thrown)) return true;
  return thrown instanceof QueryFailedError && (thrown.driverError as { code?: unknown }).code === '40P01';
}

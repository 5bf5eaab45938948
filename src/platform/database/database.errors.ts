import { isNativeError } from 'node:util/types';
import { QueryFailedError } from 'typeorm';
import { AppError } from '../errors/app.errors.js';
import { defineErrors } from '../errors/app.errors.js';

export const databaseErrors = defineErrors({
  database_unavailable: { status: 503, sentence: 'Service Unavailable.' },
});

/**
 * PostgreSQL classes 08 (connection), 25006 (read-only), 53 (out of resources), 57 (operator intervention, which has
 * the statement timeout) and 58 (system); SQLite's busy, full, read-only and I/O results; the sockets' own errors.
 */
const unavailable =
  /^(08...|25006|53...|57...|58...|SQLITE_(BUSY|LOCKED|FULL|READONLY|IOERR|CANTOPEN)\w*|ECONN\w+|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH)$/;
const unavailableMessage =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|waited too long for the database)/;

/** The `database_unavailable` error where `thrown` says that the database cannot be reached or written, else nothing. */
export function databaseFault(thrown: unknown): AppError | undefined {
  if (!isNativeError(thrown)) return undefined;
  const cause = thrown instanceof QueryFailedError ? (thrown.driverError as Error) : thrown;
  const code = (cause as { code?: unknown }).code;
  const isFault = (typeof code === 'string' && unavailable.test(code)) || unavailableMessage.test(cause.message);
  if (!isFault) return undefined;
  return new AppError(databaseErrors.database_unavailable, { cause: thrown, retryAfterSeconds: 1 });
}

/** Whether `thrown` is a broken unique constraint, of either database. */
export function isUniqueViolation(thrown: unknown): boolean {
  if (!(thrown instanceof QueryFailedError)) return false;
  const { code } = thrown.driverError as { code?: unknown };
  return code === '23505' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}

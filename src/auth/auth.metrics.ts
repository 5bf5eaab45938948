import { databaseFault } from '../platform/database/database.errors.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { countOutcomes } from '../platform/metrics/registry.js';

export const logins = countOutcomes('logins_total', 'Logins, by outcome: accepted, or why not');
export const refreshes = countOutcomes(
  'refreshes_total',
  'Refreshes with an accepted token, by outcome: rotated, repeated (within the grace), or why not',
);

/** Runs `work`, and where it throws counts why: the reason or the code of the catalogue. */
export async function countingRefusals<T>(
  counter: ReturnType<typeof countOutcomes>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    counter.inc({ outcome: outcomeOf(error) });
    throw error;
  }
}

function outcomeOf(thrown: unknown): string {
  const error = thrown instanceof AppError ? thrown : databaseFault(thrown);
  return error?.context.reason ?? (error?.definition ?? httpErrors.internal).code;
}

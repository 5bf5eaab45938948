import { isError } from '../errors/is-error.js';

/**
 * What a handler throws to tell the operator why: `message` is stored and logged, so it holds nothing secret. A permanent
 * failure is not tried again.
 */
export class JobFailure extends Error {
  override readonly name = 'JobFailure';

  constructor(
    message: string,
    readonly isPermanent = false,
  ) {
    super(message);
  }
}

const LONGEST = 200;

/** What may be stored and logged of a handler's error: of one not meant to be read, its name and code only. */
export function describeFailure(error: unknown): string {
  if (error instanceof JobFailure) return error.message.slice(0, LONGEST);
  if (!isError(error)) return typeof error;
  const { code } = error as { code?: unknown };
  return [error.name, ...(typeof code === 'string' ? [code] : [])].join(' ').slice(0, LONGEST);
}

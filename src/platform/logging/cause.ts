import { isError } from '../errors/is-error.js';

/**
 * What may be logged of an unexpected error. A database error's message, query and parameters can hold e-mails,
 * hashes and tokens, so of those only the code and the stack's frames are kept.
 */
export function describeCause(cause: unknown): { error?: string; error_code?: string; stack?: string } {
  if (!isError(cause)) return cause === undefined ? {} : { error: typeof cause };
  const code = (cause as { code?: unknown }).code;
  const fromDatabase = 'query' in cause || 'parameters' in cause || 'severity' in cause;
  return {
    error: fromDatabase ? cause.name : `${cause.name}: ${cause.message}`,
    ...(typeof code === 'string' && { error_code: code }),
    stack: (cause.stack ?? '')
      .split('\n')
      .filter((line) => line.startsWith('    at '))
      .join('\n'),
  };
}

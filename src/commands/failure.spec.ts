import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { ConfigError } from '../platform/config/config.schema.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { usersErrors } from '../users/users.errors.js';
import { explain } from './failure.js';

const queryFailed = (code: string) =>
  new QueryFailedError('INSERT', ['$2b$12$hash'], Object.assign(new Error('near ada@example.com'), { code }));

describe('explain', () => {
  it.each<[string, unknown, number, RegExp]>([
    [
      'two wrong settings',
      new ConfigError(['PORT: must be x', 'HOST: must be y']),
      1,
      /^PORT: .*; HOST: must be y$/,
    ],
    [
      'a field that is refused',
      new AppError(httpErrors.validation_failed, { details: { role: [{ message: 'The role field …' }] } }),
      2,
      /^The role field …$/,
    ],
    [
      'nobody of that name',
      new AppError(usersErrors.user_not_found),
      1,
      /no such account; see: .* users list$/,
    ],
    [
      'a taken e-mail',
      new AppError(usersErrors.email_taken),
      1,
      /has an account already; see: .* users show/,
    ],
    ['a database that is locked', queryFailed('SQLITE_BUSY'), 1, /busy .* try again/],
    ['a database that went away', new Error('Connection terminated unexpectedly'), 1, /away.* try again/],
    ['a mistake of ours', new TypeError('x is undefined'), 1, /TypeError: x is undefined; please report/],
    ['what is no error', 'text', 1, /please report/],
  ])('%s', (_what, error, exitCode, line) => {
    const { message, exitCode: code } = explain(error);
    expect(message).toMatch(line);
    expect(message).not.toContain('\n');
    expect(code).toBe(exitCode);
  });

  it('tells nothing of what a query was about', () => {
    const { message } = explain(queryFailed('42P01'));
    expect(message).toContain('QueryFailedError (42P01)');
    expect(message).not.toMatch(/ada|hash|INSERT/);
  });
});

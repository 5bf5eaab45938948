import { defineErrors } from '../platform/errors/app.errors.js';

export const attemptsErrors = defineErrors({
  too_many_attempts: { status: 429, sentence: 'Too Many Attempts.' },
});

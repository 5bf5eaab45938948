import { defineErrors } from '../platform/errors/app.errors.js';

export const sessionsErrors = defineErrors({
  token_rejected: { status: 401, sentence: 'Authentication credentials are required.' },
});

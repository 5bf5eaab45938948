import { defineErrors } from '../platform/errors/app.errors.js';

export const oneTimeTokensErrors = defineErrors({
  one_time_token_rejected: { status: 400, sentence: 'The token is invalid or has expired.' },
});

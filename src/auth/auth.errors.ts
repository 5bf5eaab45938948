import { defineErrors } from '../platform/errors/app.errors.js';

export const authErrors = defineErrors({
  credentials_rejected: { status: 401, sentence: 'Unauthenticated.' },
});

import { defineErrors } from '../platform/errors/app.errors.js';

export const authErrors = defineErrors({
  credentials_rejected: { status: 401, sentence: 'Unauthenticated.' },
  code_required: { status: 400, sentence: 'The code field is required.' },
  registration_closed: { status: 403, sentence: 'Registration is closed.' },
});

import { defineErrors } from '../platform/errors/app.errors.js';

export const usersErrors = defineErrors({
  email_taken: { status: 409, sentence: 'The email has already been taken.' },
  last_administrator: { status: 409, sentence: 'The last administrator must stay.' },
  user_not_found: { status: 404, sentence: 'Not Found.' },
});

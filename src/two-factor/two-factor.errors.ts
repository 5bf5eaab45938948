import { defineErrors } from '../platform/errors/app.errors.js';

export const twoFactorErrors = defineErrors({
  two_factor_enabled: { status: 409, sentence: 'Two-factor authentication is already on.' },
  two_factor_not_enabled: { status: 409, sentence: 'Two-factor authentication is not on.' },
  two_factor_not_started: { status: 409, sentence: 'Two-factor authentication has not been started.' },
});

import type { AppError } from '../../../platform/errors/app.errors.js';
import { uuidRequestId, type Contract } from '../../../platform/http/contract.js';
import { authErrors } from '../../auth.errors.js';

import { MessageBody } from './message.dto.js';

/** `/api`: errors of one key, and one sentence for every 401. */
export const usersAuthContract: Contract = {
  prefix: '/api/',
  errorBodies: { any: MessageBody, validation: MessageBody },
  requestId: uuidRequestId,
  describe(error: AppError) {
    // Two-factor on and no code: this contract knows one refusal of a login only.
    const status = error.definition === authErrors.code_required ? 401 : error.definition.status;
    return { status, body: { message: status === 401 ? 'Invalid credentials.' : error.sentence } };
  },
};

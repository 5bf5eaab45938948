import type { AppError } from '../../../platform/errors/app.errors.js';
import { uuidRequestId, type Contract } from '../../../platform/http/contract.js';

/** `/api`: errors of one key, and one sentence for every 401. */
export const usersAuthContract: Contract = {
  prefix: '/api/',
  requestId: uuidRequestId,
  describe(error: AppError) {
    const { status } = error.definition;
    return { status, body: { message: status === 401 ? 'Invalid credentials.' : error.sentence } };
  },
};

import { randomHex } from '../../../platform/crypto/random.js';
import { databaseErrors } from '../../../platform/database/database.errors.js';
import type { AppError } from '../../../platform/errors/app.errors.js';
import { httpErrors } from '../../../platform/errors/http.errors.js';
import { instant } from '../../../platform/http/instant.js';
import { uuidRequestId, type Contract, type ErrorScene } from '../../../platform/http/contract.js';

import { ErrorBody, ValidationErrorBody } from './errors.dto.js';

const REFRESH_PATH = '/v1/refresh-token';

/** `/v1`, whose error body also serves every path under no contract's prefix. */
export const v1Contract: Contract = {
  prefix: '/v1/',
  errorBodies: { any: ErrorBody, validation: ValidationErrorBody },

  // The refresh route's form is published with its examples.
  requestId: (path) => (path === REFRESH_PATH ? `req_${randomHex(4)}` : uuidRequestId()),

  describe(error: AppError, { path, requestId, now }: ErrorScene) {
    // Published for the refresh route: an unreachable database is an internal error there.
    const isPublished500 = path === REFRESH_PATH && error.definition === databaseErrors.database_unavailable;
    const { status } = isPublished500 ? httpErrors.internal : error.definition;
    const { details } = error.context;
    return {
      status,
      body: {
        timestamp: instant(now),
        message: isPublished500 ? httpErrors.internal.sentence : error.sentence,
        path,
        request_id: requestId,
        ...(details && { details }),
      },
    };
  },
};

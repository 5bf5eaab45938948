import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiResponse,
  ApiTooManyRequestsResponse,
  getSchemaPath,
  type ApiResponseOptions,
} from '@nestjs/swagger';
import { LoginBody } from './login.dto.js';
import { RefreshBody } from './refresh.dto.js';
import { ErrorBody, ValidationErrorBody } from './errors.dto.js';

const tokenHeader = {
  access_token: { description: 'The JSON Web Token.', schema: { type: 'string' as const } },
};

/** One documented refusal: its body as published. */
const refusal = (
  status: number,
  description: string,
  example: ErrorBody | ValidationErrorBody,
): ApiResponseOptions => ({
  status,
  description,
  content: {
    'application/json': {
      schema: { $ref: getSchemaPath('details' in example ? ValidationErrorBody : ErrorBody) },
      example,
    },
  },
});

/** The documented answers of `POST /v1/login`. */
export const ApiLogin = () =>
  applyDecorators(
    ApiExtraModels(ErrorBody, ValidationErrorBody),
    ApiOkResponse({ type: LoginBody, headers: tokenHeader }),
    ApiResponse(
      refusal(400, 'The request does not validate.', {
        timestamp: '2025-12-01T16:14:54+00:00',
        message: 'The password field is required.',
        path: '/v1/login',
        request_id: 'c3222d4c-1f0c-4084-9908-df626110a63b',
        details: { password: [{ message: 'The password field is required.' }] },
      }),
    ),
    ApiResponse(
      refusal(401, 'Credentials not accepted: one body whatever was wrong.', {
        timestamp: '2025-12-01T16:14:53+00:00',
        message: 'Unauthenticated.',
        path: '/v1/login',
        request_id: 'e942428f-2a98-47a6-be74-db072206f0a2',
      }),
    ),
    ApiTooManyRequestsResponse({ description: 'Too many tries: `Retry-After` says when to come back.' }),
  );

/** The documented answers of `POST /v1/refresh-token`. */
export const ApiRefresh = () =>
  applyDecorators(
    ApiExtraModels(ErrorBody),
    ApiOkResponse({ type: RefreshBody, headers: tokenHeader }),
    ApiResponse(
      refusal(401, 'The token is absent, malformed, expired or no longer good.', {
        timestamp: '2025-12-01T16:37:11+00:00',
        message: 'Authentication credentials are required.',
        path: '/v1/refresh-token',
        request_id: 'req_5450b035',
      }),
    ),
    ApiResponse(
      refusal(500, 'Something failed on our side.', {
        timestamp: '2025-12-01T16:37:11+00:00',
        message: 'An internal server error occurred. Please try again later.',
        path: '/v1/refresh-token',
        request_id: 'req_d6761ebd',
      }),
    ),
    ApiTooManyRequestsResponse({ description: 'Too many refreshes: `Retry-After` says when to come back.' }),
  );

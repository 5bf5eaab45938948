import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiResponse,
  ApiTooManyRequestsResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { AuthenticationBody } from './authentication.dto.js';
import { MessageBody } from './message.dto.js';

const ApiRefusal = (status: number, description: string, message: string) =>
  applyDecorators(
    ApiExtraModels(MessageBody),
    ApiResponse({
      status,
      description,
      content: { 'application/json': { schema: { $ref: getSchemaPath(MessageBody) }, example: { message } } },
    }),
  );

/** The documented answers of `POST /api/users/auth`. */
export const ApiAuthentication = () =>
  applyDecorators(
    ApiOkResponse({ type: AuthenticationBody }),
    ApiRefusal(400, 'The request does not validate.', 'The email field is required.'),
    ApiRefusal(401, 'Credentials not accepted: one body whatever was wrong.', 'Invalid credentials.'),
    ApiTooManyRequestsResponse({ description: 'Too many tries: `Retry-After` says when to come back.' }),
  );

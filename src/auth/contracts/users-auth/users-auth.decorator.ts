import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { AuthenticationBody } from './authentication.dto.js';

/** The error body of `/api`. */
export class MessageBody {
  @ApiProperty({ example: 'Invalid credentials.' })
  message!: string;
}

/** A documented refusal of a route under `/api`. */
export const ApiRefusal = (status: number, description: string, message: string) =>
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
  );

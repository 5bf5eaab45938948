import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiProperty, ApiResponse } from '@nestjs/swagger';
import { AuthenticationBody } from './authentication.dto.js';

/** The error body of `/api`. */
export class MessageBody {
  @ApiProperty({ example: 'Invalid credentials.' })
  message!: string;
}

const refusal = (status: number, description: string, message: string) =>
  ApiResponse({
    status,
    description,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${MessageBody.name}` }, example: { message } } },
  });

/** The documented answers of `POST /api/users/auth`. */
export const ApiAuthentication = () =>
  applyDecorators(
    ApiOkResponse({ type: AuthenticationBody }),
    refusal(400, 'The request does not validate.', 'The email field is required.'),
    refusal(401, 'Credentials not accepted: one body whatever was wrong.', 'Invalid credentials.'),
  );

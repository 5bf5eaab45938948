import { ApiProperty } from '@nestjs/swagger';

/** The error body of `/v1`. */
export class ErrorBody {
  @ApiProperty({ description: 'UTC, whole seconds.', example: '2025-12-01T16:14:53+00:00' })
  timestamp!: string;

  @ApiProperty({ example: 'Unauthenticated.' })
  message!: string;

  @ApiProperty({ description: 'The request’s path without its query string.', example: '/v1/login' })
  path!: string;

  @ApiProperty({
    description: 'The same as in `X-Request-Id`.',
    example: 'e942428f-2a98-47a6-be74-db072206f0a2',
  })
  request_id!: string;
}

/** The error body of a request that does not validate. */
export class ValidationErrorBody extends ErrorBody {
  @ApiProperty({
    description: 'The faulty fields.',
    type: 'object',
    additionalProperties: {
      type: 'array',
      items: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
    },
    example: { password: [{ message: 'The password field is required.' }] },
  })
  details!: Record<string, { message: string }[]>;
}

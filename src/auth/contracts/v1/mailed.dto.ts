import { ApiProperty } from '@nestjs/swagger';
import { Email, Required, StorableText, Text } from '../../../platform/validation/fields.decorator.js';

const tokenExample = 'q0kRh1JmO2bV8dXeYw3uTzPn5sLfGc7aIi4oKt6EvMU';

/** What `POST /v1/register` takes. */
export class RegistrationDto {
  @ApiProperty({ format: 'email', maxLength: 254, example: 'new@example.com' })
  @Required()
  @Text()
  @Email()
  email!: string;

  @ApiProperty({ format: 'password', example: 'mySecur€Password!' })
  @Required()
  @Text()
  @StorableText()
  password!: string;
}

/** What `POST /v1/forgot-password` takes. */
export class ForgottenPasswordDto {
  @ApiProperty({ format: 'email', maxLength: 254, example: 'user@example.com' })
  @Required()
  @Text()
  @Email()
  email!: string;
}

/** What `POST /v1/verify-email` and `POST /v1/confirm-email` take. */
export class MailedTokenDto {
  @ApiProperty({ example: tokenExample, description: 'From the mail.' })
  @Required()
  @Text()
  token!: string;
}

/** What `POST /v1/reset-password` takes. */
export class PasswordResetDto {
  @ApiProperty({ example: tokenExample, description: 'From the mail.' })
  @Required()
  @Text()
  token!: string;

  @ApiProperty({ format: 'password', example: 'another Secur€Password' })
  @Required()
  @Text()
  @StorableText()
  password!: string;
}

/** Taken note of: what comes of it is told by mail, and by nothing else. */
export class AcceptedBody {
  @ApiProperty({ example: 'A mail tells what to do next.' })
  message!: string;
}

export const accepted = (): AcceptedBody => ({ message: 'A mail tells what to do next.' });

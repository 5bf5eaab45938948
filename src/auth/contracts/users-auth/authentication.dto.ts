import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  Email,
  RecoveryCodeText,
  Required,
  SixDigits,
  StorableText,
  Text,
} from '../../../platform/validation/fields.decorator.js';

/** What `POST /api/users/auth` takes. */
export class AuthenticationDto {
  @ApiProperty({ format: 'email', maxLength: 254, example: 'user@example.com' })
  @Required()
  @Text()
  @Email()
  email!: string;

  @ApiProperty({ format: 'password', example: 'mySecur€Password!' })
  @Required()
  @Text()
  @StorableText()
  password!: string;

  @ApiPropertyOptional({
    pattern: '^[0-9]{6}$',
    example: '534323',
    description: 'The current code of the authenticator app: required if the account has two-factor on.',
  })
  @Text()
  @SixDigits()
  code?: string;

  @ApiPropertyOptional({
    example: 'abcd-efgh-ijkl-mnop',
    description: 'One of the recovery codes, instead of `code`; blanks, hyphens and case do not matter.',
  })
  @Text()
  @RecoveryCodeText()
  recovery_code?: string;
}

/** The account, as this contract shows it. */
export class AuthenticatedUser {
  @ApiProperty({ type: 'integer', example: 42 })
  id!: number;

  @ApiProperty({ format: 'email', example: 'user@example.com' })
  email!: string;

  @ApiProperty({ example: 'client' })
  role!: string;
}

/** The token and whom it is for. */
export class AuthenticationBody {
  @ApiProperty({ example: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IkZ…' })
  token!: string;

  @ApiProperty({ type: AuthenticatedUser })
  user!: AuthenticatedUser;
}

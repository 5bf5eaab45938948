import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  Email,
  RecoveryCodeText,
  Required,
  SixDigits,
  StorableText,
  Text,
} from '../../../platform/validation/fields.decorator.js';

/** What `POST /v1/login` takes. */
export class LoginDto {
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

/** Who logged in. */
export class LoginBody {
  @ApiProperty({ pattern: '^[A-Z0-9]{8}$', example: 'AJ6EJQCF' })
  id!: string;

  @ApiProperty({ format: 'email', example: 'user@example.com' })
  email!: string;
}

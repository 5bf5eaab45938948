import { ApiProperty } from '@nestjs/swagger';
import { Required, StorableText, Text } from '../platform/validation/fields.decorator.js';

/** The caller's account. */
export class OwnAccountBody {
  @ApiProperty({ example: 'AJ6EJQCF' })
  id!: string;

  @ApiProperty({ example: 'user@example.com' })
  email!: string;

  @ApiProperty({ example: 'client' })
  role!: string;

  @ApiProperty({ example: false, description: 'Whether a login asks for a second factor.' })
  two_factor!: boolean;

  @ApiProperty({ example: '2025-12-01T16:14:53+00:00' })
  created_at!: string;
}

/** The password of now, and the next one. */
export class PasswordChangeDto {
  @ApiProperty({ format: 'password', example: 'mySecur€Password!' })
  @Required()
  @Text()
  @StorableText()
  current_password!: string;

  @ApiProperty({ format: 'password', example: 'another Secur€Password' })
  @Required()
  @Text()
  @StorableText()
  password!: string;
}

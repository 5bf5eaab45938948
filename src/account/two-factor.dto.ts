import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  RecoveryCodeText,
  Required,
  SixDigits,
  StorableText,
  Text,
} from '../platform/validation/fields.decorator.js';
import type { Client } from '../sessions/sessions.service.js';
import type { PresentedFactor } from '../two-factor/two-factor.service.js';

const secretExample = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

/** The caller's password, once more. */
export class PasswordDto {
  @ApiProperty({ format: 'password', example: 'mySecur€Password!' })
  @Required()
  @Text()
  @StorableText()
  password!: string;
}

/** The first code of a new authenticator. */
export class CodeDto {
  @ApiProperty({ pattern: '^[0-9]{6}$', example: '534323' })
  @Required()
  @Text()
  @SixDigits()
  code!: string;
}

/** Everything that proves who somebody is: password and second factor. */
export class FullProofDto {
  // Not inherited: faults are told in the order of declaration, and an inherited field comes last.
  @ApiProperty({ format: 'password', example: 'mySecur€Password!' })
  @Required()
  @Text()
  @StorableText()
  password!: string;

  @ApiPropertyOptional({ pattern: '^[0-9]{6}$', example: '534323' })
  @Text()
  @SixDigits()
  code?: string;

  @ApiPropertyOptional({ example: 'abcd-efgh-ijkl-mnop', description: 'Instead of `code`.' })
  @Text()
  @RecoveryCodeText()
  recovery_code?: string;
}

export const presentedFactor = (
  { code, recovery_code }: Omit<FullProofDto, 'password'>,
  { requestId }: Client,
): PresentedFactor => ({ code, recoveryCode: recovery_code, requestId });

/** What an authenticator app is set up with. */
export class EnrolmentBody {
  @ApiProperty({ example: secretExample, description: 'Base32, to be typed in.' })
  secret!: string;

  @ApiProperty({
    example: `otpauth://totp/Gatehouse:user%40example.com?secret=${secretExample}&issuer=Gatehouse`,
  })
  otpauth_url!: string;

  @ApiProperty({
    example: 'data:image/svg+xml;base64,PHN2Zy…',
    description: 'The same as a picture to scan.',
  })
  qr_code!: string;
}

/** Shown this once. */
export class RecoveryCodesBody {
  @ApiProperty({ type: [String], description: 'Ten of them.', example: ['abcd-efgh-ijkl-mnop'] })
  recovery_codes!: string[];
}

/** Whether the second factor is on. */
export class TwoFactorBody {
  @ApiProperty({ example: true })
  enabled!: boolean;

  @ApiProperty({ type: String, nullable: true, example: '2025-12-01T16:14:53+00:00' })
  confirmed_at!: string | null;

  @ApiProperty({ example: 10 })
  recovery_codes_left!: number;
}

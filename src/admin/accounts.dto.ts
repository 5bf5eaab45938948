import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { instant } from '../platform/http/instant.js';
import { Email, Required, Text } from '../platform/validation/fields.decorator.js';
import type { Account } from './account-pages.service.js';

const booleans = ['true', 'false'];

/** Which accounts, and which page of them. */
export class AccountsQuery {
  @ApiPropertyOptional({ maxLength: 254, description: 'A part of the e-mail address, in any case.' })
  @IsOptional()
  @Matches(/^[\x21-\x7e]{1,254}$/, {
    message: 'The search field must be 1 to 254 visible ASCII characters.',
  })
  search?: string;

  @ApiPropertyOptional({ example: 'admin' })
  @IsOptional()
  @Matches(/^[a-z][a-z0-9_-]{0,31}$/, { message: 'The role field must be the name of a role.' })
  role?: string;

  @ApiPropertyOptional({ enum: booleans })
  @IsOptional()
  @IsIn(booleans, { message: 'The disabled field must be true or false.' })
  disabled?: string;

  @ApiPropertyOptional({ enum: booleans })
  @IsOptional()
  @IsIn(booleans, { message: 'The two_factor field must be true or false.' })
  two_factor?: string;

  @ApiPropertyOptional({ description: 'The `next` of the page before.' })
  @IsOptional()
  @Matches(/^[\w-]{1,100}$/, { message: 'The cursor field must be the next of another page.' })
  cursor?: string;

  @ApiPropertyOptional({ default: 50, minimum: 1, maximum: 100, type: 'integer' })
  @Type(() => Number)
  @IsInt({ message: 'The limit field must be an integer.' })
  @Min(1, { message: 'The limit field must be at least 1.' })
  @Max(100, { message: 'The limit field must be at most 100.' })
  limit = 50;
}

/** A new account. It has no password: its owner sets one, by the mail that `password-reset` sends. */
export class NewAccountDto {
  @ApiProperty({ format: 'email', maxLength: 254, example: 'user@example.com' })
  @Required()
  @Text()
  @Email()
  email!: string;

  @ApiProperty({ example: 'client', description: 'One of those that `ROLES` names.' })
  @Required()
  @Text()
  role!: string;
}

/** What is to become different. */
export class AccountChangesDto {
  @ApiPropertyOptional({ format: 'email', maxLength: 254, example: 'user@example.com' })
  @Text()
  @Email()
  email?: string;

  @ApiPropertyOptional({ example: 'client', description: 'One of those that `ROLES` names.' })
  @Text()
  role?: string;
}

/** An account, as an administrator sees it. */
export class AccountBody {
  @ApiProperty({ pattern: '^[A-Z0-9]{8}$', example: 'AJ6EJQCF' })
  id!: string;

  @ApiProperty({ description: 'What `/api/users/auth` calls `id`.', example: 42 })
  number!: number;

  @ApiProperty({ format: 'email', example: 'user@example.com' })
  email!: string;

  @ApiProperty({ example: 'client' })
  role!: string;

  @ApiProperty({ description: 'Whether its logins ask for a code.', example: false })
  two_factor!: boolean;

  @ApiProperty({ description: 'Without one, nobody can log in by password.', example: true })
  has_password!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'Since when nobody can use it.', example: null })
  disabled_at!: string | null;

  @ApiProperty({ description: 'UTC, whole seconds.', example: '2025-12-01T16:14:53+00:00' })
  created_at!: string;
}

/** A page of accounts. */
export class AccountsBody {
  @ApiProperty({ type: [AccountBody] })
  users!: AccountBody[];

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'NTA',
    description:
      'Ask `?cursor=` this for the next page; null on the last. A page may hold fewer than `limit`, even none.',
  })
  next!: string | null;
}

/** A session, as an administrator sees it. */
export class AccountSessionBody {
  @ApiProperty({ example: 'AJ6EJQCF.4f1Zk0m3Qy2hWv7uYx9Rsg' })
  id!: string;

  @ApiProperty({ description: 'When it began: UTC, whole seconds.', example: '2025-12-01T16:14:53+00:00' })
  created_at!: string;

  @ApiProperty({ description: 'When its newest token was issued.', example: '2025-12-01T17:02:11+00:00' })
  refreshed_at!: string;

  @ApiProperty({ description: 'Where the login came from.', example: '203.0.113.7' })
  address!: string;

  @ApiProperty({ example: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0' })
  user_agent!: string;
}

/** The sessions of an account, the newest login first. */
export class AccountSessionsBody {
  @ApiProperty({ type: [AccountSessionBody] })
  sessions!: AccountSessionBody[];
}

export const accountBody = ({ user, hasTwoFactor }: Account): AccountBody => ({
  id: user.publicId,
  number: user.id,
  email: user.email,
  role: user.role,
  two_factor: hasTwoFactor,
  has_password: user.passwordHash !== null,
  disabled_at: user.disabledAt === null ? null : instant(user.disabledAt),
  created_at: instant(user.createdAt),
});

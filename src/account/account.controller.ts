import { Body, Controller, Get, Header, HttpCode, Post, Put } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import { CurrentClient } from '../auth/guards/current-client.decorator.js';
import { CurrentUser } from '../auth/guards/current-user.decorator.js';
import { instant } from '../platform/http/instant.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import type { Client } from '../sessions/sessions.service.js';
import { OwnAccountBody, PasswordChangeDto } from './account.dto.js';
import { OwnAccountService } from './own-account.service.js';
import { OwnPasswordService } from './own-password.service.js';
import { FullProofDto, presentedFactor } from './two-factor.dto.js';

/** The caller's account. */
@ApiTags('account')
@ApiBearerAuth()
@Controller('v1')
export class AccountController {
  constructor(
    private readonly ownAccount: OwnAccountService,
    private readonly ownPassword: OwnPasswordService,
  ) {}

  @Get('me')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'getAccount', summary: 'The caller’s account' })
  @ApiOkResponse({ type: OwnAccountBody })
  async get(@CurrentUser() claims: AccessClaims): Promise<OwnAccountBody> {
    const { user, hasTwoFactor } = await this.ownAccount.describe(claims);
    return {
      id: user.publicId,
      email: user.email,
      role: user.role,
      two_factor: hasTwoFactor,
      created_at: instant(user.createdAt),
    };
  }

  @Put('password')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'changePassword',
    summary: 'Set a new password; all sessions but this one end',
  })
  @ApiNoContentResponse()
  @ApiTooManyRequestsResponse({
    description: 'Too many wrong passwords, or new ones: `Retry-After` says when to come back.',
  })
  changePassword(
    @CurrentUser() claims: AccessClaims,
    @Body() { current_password, password }: PasswordChangeDto,
    @CurrentClient() client: Client,
  ): Promise<void> {
    return this.ownPassword.change(claims, { password: current_password, client }, password);
  }

  @Post('delete-account')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteAccount', summary: 'Delete the caller’s account, for good' })
  @ApiNoContentResponse()
  @ApiConflictResponse({ description: 'It is the last administrator’s.' })
  @ApiTooManyRequestsResponse({
    description: 'Too many wrong passwords: `Retry-After` says when to come back.',
  })
  delete(
    @CurrentUser() claims: AccessClaims,
    @Body() { password, ...factor }: FullProofDto,
    @CurrentClient() client: Client,
  ): Promise<void> {
    return this.ownAccount.delete(claims, { password, client }, presentedFactor(factor, client));
  }
}

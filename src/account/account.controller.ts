import { Body, Controller, Get, Header, HttpCode, Post, Put } from '@nestjs/common';
import {
  ApiBearerAuth,
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
import { AccountBody, PasswordChangeDto } from './account.dto.js';
import { OwnAccountService } from './own-account.service.js';
import { FullProofDto, presentedFactor } from './two-factor.dto.js';

/** The caller's account. */
@ApiTags('account')
@ApiBearerAuth()
@Controller('v1')
export class AccountController {
  constructor(private readonly ownAccount: OwnAccountService) {}

  @Get('me')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'getAccount', summary: 'The caller’s account' })
  @ApiOkResponse({ type: AccountBody })
  async get(@CurrentUser() claims: AccessClaims): Promise<AccountBody> {
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
    description: 'Too many wrong passwords: `Retry-After` says when to come back.',
  })
  changePassword(
    @CurrentUser() claims: AccessClaims,
    @Body() { current_password, password }: PasswordChangeDto,
    @CurrentClient() { address }: Client,
  ): Promise<void> {
    return this.ownAccount.changePassword(claims, { password: current_password, address }, password);
  }

  @Post('delete-account')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteAccount', summary: 'Delete the caller’s account, for good' })
  @ApiNoContentResponse()
  @ApiTooManyRequestsResponse({
    description: 'Too many wrong passwords: `Retry-After` says when to come back.',
  })
  delete(
    @CurrentUser() claims: AccessClaims,
    @Body() { password, ...factor }: FullProofDto,
    @CurrentClient() { address }: Client,
  ): Promise<void> {
    return this.ownAccount.delete(claims, { password, address }, presentedFactor(factor));
  }
}

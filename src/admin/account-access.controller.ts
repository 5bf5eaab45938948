import { Controller, Delete, Get, Header, HttpCode, Param, Post } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiConflictResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Origin } from '../audit/events.js';
import { CurrentActor } from '../auth/guards/current-actor.decorator.js';
import { Roles } from '../auth/guards/roles.decorator.js';
import { instant } from '../platform/http/instant.js';
import { AccountInvitationsService } from './account-invitations.service.js';
import { AccountPagesService } from './account-pages.service.js';
import { AccountSessionsService } from './account-sessions.service.js';
import { accountBody, AccountBody, AccountSessionsBody } from './accounts.dto.js';
import { AccountsService } from './accounts.service.js';

const NO_ACCOUNT = { description: 'There is no such account.' };

/** Who gets in to somebody's account, and who does not any more. */
@ApiTags('admin')
@ApiBearerAuth()
@Roles('admin')
@Controller('v1/admin/users/:id')
export class AccountAccessController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly pages: AccountPagesService,
    private readonly sessions: AccountSessionsService,
    private readonly invitations: AccountInvitationsService,
  ) {}

  @Post('disable')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @RouteConfig({ ignoresBody: true })
  @ApiOperation({
    operationId: 'disableAccount',
    summary: 'Keep everybody out of an account; its sessions end',
  })
  @ApiOkResponse({ type: AccountBody })
  @ApiNotFoundResponse(NO_ACCOUNT)
  @ApiConflictResponse({ description: 'It is the last administrator.' })
  async disable(@Param('id') publicId: string, @CurrentActor() by: Origin): Promise<AccountBody> {
    return accountBody(await this.pages.describe(await this.accounts.disable({ publicId }, by)));
  }

  @Post('enable')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @RouteConfig({ ignoresBody: true })
  @ApiOperation({ operationId: 'enableAccount', summary: 'Let the owner of a disabled account in again' })
  @ApiOkResponse({ type: AccountBody })
  @ApiNotFoundResponse(NO_ACCOUNT)
  async enable(@Param('id') publicId: string, @CurrentActor() by: Origin): Promise<AccountBody> {
    return accountBody(await this.pages.describe(await this.accounts.enable({ publicId }, by)));
  }

  @Delete('two-factor')
  @HttpCode(204)
  @RouteConfig({ ignoresBody: true })
  @ApiOperation({ operationId: 'resetTwoFactor', summary: 'Turn two-factor off for somebody who lost it' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse(NO_ACCOUNT)
  async resetTwoFactor(@Param('id') publicId: string, @CurrentActor() by: Origin): Promise<void> {
    await this.accounts.resetTwoFactor({ publicId }, by);
  }

  @Post('password-reset')
  @HttpCode(202)
  @Header('cache-control', 'no-store')
  @RouteConfig({ ignoresBody: true })
  @ApiOperation({ operationId: 'sendPasswordReset', summary: 'Send its owner the mail that sets a password' })
  @ApiAcceptedResponse({ type: AccountBody })
  @ApiNotFoundResponse(NO_ACCOUNT)
  async sendPasswordReset(@Param('id') publicId: string, @CurrentActor() by: Origin): Promise<AccountBody> {
    await this.invitations.sendPasswordReset({ publicId }, by);
    return accountBody(await this.pages.describe(await this.accounts.find({ publicId })));
  }

  @Get('sessions')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'listAccountSessions', summary: 'Its sessions' })
  @ApiOkResponse({ type: AccountSessionsBody })
  @ApiNotFoundResponse(NO_ACCOUNT)
  async listSessions(@Param('id') publicId: string): Promise<AccountSessionsBody> {
    const sessions = await this.sessions.list({ publicId });
    return {
      sessions: sessions.map((session) => ({
        id: session.id,
        created_at: instant(session.createdAt),
        refreshed_at: instant(session.refreshedAt),
        address: session.address,
        user_agent: session.userAgent,
      })),
    };
  }

  @Delete('sessions')
  @HttpCode(204)
  @RouteConfig({ ignoresBody: true })
  @ApiOperation({ operationId: 'endAccountSessions', summary: 'End all of its sessions' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse(NO_ACCOUNT)
  endSessions(@Param('id') publicId: string, @CurrentActor() by: Origin): Promise<void> {
    return this.sessions.endAll({ publicId }, by);
  }

  @Delete('sessions/:session')
  @HttpCode(204)
  @RouteConfig({ ignoresBody: true })
  @ApiOperation({ operationId: 'endAccountSession', summary: 'End one of its sessions' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ description: 'There is no such account, or it has no such session.' })
  endSession(
    @Param('id') publicId: string,
    @Param('session') session: string,
    @CurrentActor() by: Origin,
  ): Promise<void> {
    return this.sessions.endOne({ publicId }, session, by);
  }
}

import { Controller, Delete, Get, Header, HttpCode, Param, Post } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBearerAuth,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentClient } from '../auth/guards/current-client.decorator.js';
import { CurrentUser } from '../auth/guards/current-user.decorator.js';
import { instant } from '../platform/http/instant.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import type { Client } from '../sessions/sessions.service.js';
import { OwnSessionsService } from './own-sessions.service.js';
import { SessionsBody } from './sessions.dto.js';

/** The caller's sessions: see them, end them. */
@ApiTags('sessions')
@ApiBearerAuth()
@Controller('v1')
export class SessionsController {
  constructor(private readonly ownSessions: OwnSessionsService) {}

  @Post('logout')
  @HttpCode(204)
  @RouteConfig({ ignoresBody: true })
  @ApiOperation({ operationId: 'logout', summary: 'Sign out: end this session' })
  @ApiNoContentResponse()
  logout(@CurrentUser() claims: AccessClaims, @CurrentClient() client: Client): Promise<void> {
    return this.ownSessions.end(claims, client);
  }

  @Get('sessions')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'listSessions', summary: 'The caller’s sessions' })
  @ApiOkResponse({ type: SessionsBody })
  async list(@CurrentUser() claims: AccessClaims): Promise<SessionsBody> {
    const sessions = await this.ownSessions.list(claims);
    return {
      sessions: sessions.map((session) => ({
        id: session.id,
        created_at: instant(session.createdAt),
        refreshed_at: instant(session.refreshedAt),
        address: session.address,
        user_agent: session.userAgent,
        current: session.id === claims.sid,
      })),
    };
  }

  @Delete('sessions/:id')
  @HttpCode(204)
  @RouteConfig({ ignoresBody: true })
  @ApiOperation({ operationId: 'endSession', summary: 'End one of the caller’s sessions' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ description: 'The caller has no such session.' })
  endOne(
    @CurrentUser() claims: AccessClaims,
    @Param('id') id: string,
    @CurrentClient() client: Client,
  ): Promise<void> {
    return this.ownSessions.endOne(claims, id, client);
  }

  @Delete('sessions')
  @HttpCode(204)
  @RouteConfig({ ignoresBody: true })
  @ApiOperation({ operationId: 'endOtherSessions', summary: 'End all of the caller’s sessions but this one' })
  @ApiNoContentResponse()
  endOthers(@CurrentUser() claims: AccessClaims, @CurrentClient() client: Client): Promise<void> {
    return this.ownSessions.endOthers(claims, client);
  }
}

import { Body, Controller, Header, HttpCode, Post, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { AccessClaims } from '../../../sessions/access-tokens.service.js';
import type { Client } from '../../../sessions/sessions.service.js';
import type { Authenticated } from '../../credentials.service.js';
import { CurrentClient } from '../../guards/current-client.decorator.js';
import { CurrentUser } from '../../guards/current-user.decorator.js';
import { Login } from '../../guards/login.decorator.js';
import { LoginService } from '../../login.service.js';
import { RefreshService } from '../../refresh.service.js';
import { LoginBody, LoginDto } from './login.dto.js';
import { RefreshBody } from './refresh.dto.js';
import { ApiLogin, ApiRefresh } from './v1.decorator.js';

/** The published contract `v1`: a JWT in the `access_token` header for e-mail and password, and the next for the last. */
@ApiTags('v1')
@Controller('v1')
export class V1Controller {
  constructor(
    private readonly loginService: LoginService,
    private readonly refreshService: RefreshService,
  ) {}

  @Post('login')
  @Login(LoginDto)
  @ApiOperation({ operationId: 'login', summary: 'Log in' })
  @ApiLogin()
  async login(
    @CurrentUser() authenticated: Authenticated,
    @Body() { code, recovery_code: recoveryCode }: LoginDto,
    @CurrentClient() client: Client,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LoginBody> {
    const accessToken = await this.loginService.open(
      authenticated,
      { code, recoveryCode, requestId: client.requestId },
      'publicId',
      client,
    );
    void reply.header('access_token', accessToken);
    const { user } = authenticated;
    return { id: user.publicId, email: user.email };
  }

  @Post('refresh-token')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @RouteConfig({ ignoresBody: true, refusalEvent: 'refresh.refused' })
  @ApiBearerAuth()
  @ApiOperation({ operationId: 'refreshToken', summary: 'Trade the current token for the next' })
  @ApiRefresh()
  async refresh(
    @CurrentUser() claims: AccessClaims,
    @CurrentClient() client: Client,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RefreshBody> {
    const accessToken = await this.refreshService.refresh(claims, client);
    void reply.header('access_token', accessToken);
    return { access_token: accessToken };
  }
}

import { Body, Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Client } from '../../../sessions/sessions.service.js';
import type { Authenticated } from '../../credentials.service.js';
import { CurrentClient } from '../../guards/current-client.decorator.js';
import { CurrentUser } from '../../guards/current-user.decorator.js';
import { Login } from '../../guards/login.decorator.js';
import { LoginService } from '../../login.service.js';
import { AuthenticationBody, AuthenticationDto } from './authentication.dto.js';
import { ApiAuthentication } from './users-auth.decorator.js';

/** The published contract `users-auth`: a JWT in the body for e-mail and password. */
@ApiTags('users-auth')
@Controller('api/users')
export class UsersAuthController {
  constructor(private readonly loginService: LoginService) {}

  @Post('auth')
  @Login(AuthenticationDto)
  @ApiOperation({ operationId: 'authenticateUser', summary: 'Log in' })
  @ApiAuthentication()
  async authenticate(
    @CurrentUser() authenticated: Authenticated,
    @Body() { code, recovery_code: recoveryCode }: AuthenticationDto,
    @CurrentClient() client: Client,
  ): Promise<AuthenticationBody> {
    const factor = { code, recoveryCode, requestId: client.requestId };
    const token = await this.loginService.open(authenticated, factor, 'id', client);
    const { user } = authenticated;
    return { token, user: { id: user.id, email: user.email, role: user.role } };
  }
}

import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditModule } from '../audit/audit.module.js';
import { AttemptsModule } from '../attempts/attempts.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TwoFactorModule } from '../two-factor/two-factor.module.js';
import { UsersModule } from '../users/users.module.js';
import { JwksController } from './contracts/jwks.controller.js';
import { UsersAuthController } from './contracts/users-auth/users-auth.controller.js';
import { V1Controller } from './contracts/v1/v1.controller.js';
import { JwtGuard } from './guards/jwt.guard.js';
import { CredentialsService } from './credentials.service.js';
import { LoginService } from './login.service.js';
import { RefreshService } from './refresh.service.js';
import { JwtStrategy } from './strategies/jwt.strategy.js';
import { LocalStrategy } from './strategies/local.strategy.js';

@Module({
  imports: [UsersModule, PasswordsModule, SessionsModule, TwoFactorModule, AttemptsModule, AuditModule],
  controllers: [V1Controller, UsersAuthController, JwksController],
  providers: [
    CredentialsService,
    LoginService,
    RefreshService,
    LocalStrategy,
    JwtStrategy,
    // In front of the whole application: deny by default.
    { provide: APP_GUARD, useClass: JwtGuard },
  ],
  exports: [CredentialsService],
})
export class AuthModule {}

import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditModule } from '../audit/audit.module.js';
import { AttemptsModule } from '../attempts/attempts.module.js';
import { MailModule } from '../mail/mail.module.js';
import { OneTimeTokensModule } from '../one-time-tokens/one-time-tokens.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TwoFactorModule } from '../two-factor/two-factor.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountTokensService } from './account-tokens.service.js';
import { JwksController } from './contracts/jwks.controller.js';
import { UsersAuthController } from './contracts/users-auth/users-auth.controller.js';
import { PasswordResetController } from './contracts/v1/password-reset.controller.js';
import { RegistrationController } from './contracts/v1/registration.controller.js';
import { V1Controller } from './contracts/v1/v1.controller.js';
import { JwtGuard } from './guards/jwt.guard.js';
import { CredentialsService } from './credentials.service.js';
import { ForgottenPasswordsService } from './forgotten-passwords.service.js';
import { LoginService } from './login.service.js';
import { PasswordChangeService } from './password-change.service.js';
import { PasswordResetService } from './password-reset.service.js';
import { PendingRegistrationsService } from './pending-registrations.service.js';
import { RefreshService } from './refresh.service.js';
import { TheftService } from './theft.service.js';
import { RegistrationService } from './registration.service.js';
import { JwtStrategy } from './strategies/jwt.strategy.js';
import { LocalStrategy } from './strategies/local.strategy.js';

@Module({
  imports: [
    UsersModule,
    PasswordsModule,
    SessionsModule,
    TwoFactorModule,
    AttemptsModule,
    AuditModule,
    MailModule,
    OneTimeTokensModule,
  ],
  controllers: [
    V1Controller,
    RegistrationController,
    PasswordResetController,
    UsersAuthController,
    JwksController,
  ],
  providers: [
    CredentialsService,
    LoginService,
    RefreshService,
    TheftService,
    RegistrationService,
    PendingRegistrationsService,
    ForgottenPasswordsService,
    PasswordResetService,
    PasswordChangeService,
    AccountTokensService,
    LocalStrategy,
    JwtStrategy,
    // In front of the whole application: deny by default.
    { provide: APP_GUARD, useClass: JwtGuard },
  ],
  exports: [
    CredentialsService,
    AccountTokensService,
    ForgottenPasswordsService,
    PasswordChangeService,
    AttemptsModule,
    MailModule,
  ],
})
export class AuthModule {}

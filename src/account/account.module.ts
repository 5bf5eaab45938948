import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TwoFactorModule } from '../two-factor/two-factor.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountController } from './account.controller.js';
import { CallerService } from './caller.service.js';
import { EmailChangesService } from './email-changes.service.js';
import { EmailConfirmationService } from './email-confirmation.service.js';
import { EmailController } from './email.controller.js';
import { OwnAccountService } from './own-account.service.js';
import { OwnEmailService } from './own-email.service.js';
import { OwnPasswordService } from './own-password.service.js';
import { OwnSessionsService } from './own-sessions.service.js';
import { OwnTwoFactorService } from './own-two-factor.service.js';
import { SessionsController } from './sessions.controller.js';
import { TwoFactorController } from './two-factor.controller.js';

@Module({
  imports: [UsersModule, PasswordsModule, AuthModule, AuditModule, SessionsModule, TwoFactorModule],
  controllers: [AccountController, EmailController, SessionsController, TwoFactorController],
  providers: [
    CallerService,
    OwnAccountService,
    OwnEmailService,
    OwnPasswordService,
    EmailChangesService,
    EmailConfirmationService,
    OwnSessionsService,
    OwnTwoFactorService,
  ],
})
export class AccountModule {}

import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TwoFactorModule } from '../two-factor/two-factor.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountAccessController } from './account-access.controller.js';
import { AccountPagesService } from './account-pages.service.js';
import { AccountSessionsService } from './account-sessions.service.js';
import { AccountsController } from './accounts.controller.js';
import { AccountsService } from './accounts.service.js';
import { AuditController } from './audit.controller.js';
import { FirstAdministratorService } from './first-administrator.service.js';

@Module({
  imports: [UsersModule, PasswordsModule, SessionsModule, TwoFactorModule, AuditModule],
  controllers: [AccountsController, AccountAccessController, AuditController],
  providers: [AccountsService, AccountPagesService, AccountSessionsService, FirstAdministratorService],
  exports: [AccountsService, AccountPagesService, FirstAdministratorService],
})
export class AdminModule {}

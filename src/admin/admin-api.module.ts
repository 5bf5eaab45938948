import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { AccountAccessController } from './account-access.controller.js';
import { AccountInvitationsService } from './account-invitations.service.js';
import { AccountSessionsService } from './account-sessions.service.js';
import { AccountsController } from './accounts.controller.js';
import { AdminModule } from './admin.module.js';
import { AuditController } from './audit.controller.js';

/** The routes under `/v1/admin`. */
@Module({
  imports: [AdminModule, AuthModule, SessionsModule, AuditModule],
  controllers: [AccountsController, AccountAccessController, AuditController],
  providers: [AccountSessionsService, AccountInvitationsService],
})
export class AdminApiModule {}

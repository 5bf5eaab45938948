import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TwoFactorModule } from '../two-factor/two-factor.module.js';
import { UsersModule } from '../users/users.module.js';
import { OwnSessionsService } from './own-sessions.service.js';
import { OwnTwoFactorService } from './own-two-factor.service.js';
import { SessionsController } from './sessions.controller.js';
import { TwoFactorController } from './two-factor.controller.js';

@Module({
  imports: [UsersModule, AuthModule, AuditModule, SessionsModule, TwoFactorModule],
  controllers: [SessionsController, TwoFactorController],
  providers: [OwnSessionsService, OwnTwoFactorService],
})
export class AccountModule {}

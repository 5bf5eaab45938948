import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TwoFactorModule } from '../two-factor/two-factor.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountController } from './account.controller.js';
import { CallerService } from './caller.service.js';
import { OwnAccountService } from './own-account.service.js';
import { OwnSessionsService } from './own-sessions.service.js';
import { OwnTwoFactorService } from './own-two-factor.service.js';
import { SessionsController } from './sessions.controller.js';
import { TwoFactorController } from './two-factor.controller.js';

@Module({
  imports: [UsersModule, PasswordsModule, AuthModule, SessionsModule, TwoFactorModule],
  controllers: [AccountController, SessionsController, TwoFactorController],
  providers: [CallerService, OwnAccountService, OwnSessionsService, OwnTwoFactorService],
})
export class AccountModule {}

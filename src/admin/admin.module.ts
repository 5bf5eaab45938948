import { Module } from '@nestjs/common';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TwoFactorModule } from '../two-factor/two-factor.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountsService } from './accounts.service.js';
import { FirstAdministratorService } from './first-administrator.service.js';

@Module({
  imports: [UsersModule, PasswordsModule, SessionsModule, TwoFactorModule],
  providers: [AccountsService, FirstAdministratorService],
  exports: [AccountsService, FirstAdministratorService],
})
export class AdminModule {}

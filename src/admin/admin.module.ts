import { Module } from '@nestjs/common';
import { SignInAddressesModule } from '../attempts/sign-in-addresses.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { OneTimeTokensModule } from '../one-time-tokens/one-time-tokens.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TwoFactorModule } from '../two-factor/two-factor.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountAccessService } from './account-access.service.js';
import { AccountPagesService } from './account-pages.service.js';
import { AccountsService } from './accounts.service.js';
import { ImportsService } from './import/imports.service.js';
import { MigrationStatusService } from './import/migration-status.service.js';
import { OverwritingService } from './import/overwriting.service.js';
import { FirstAdministratorService } from './first-administrator.service.js';

/** What the command line and the API share. */
@Module({
  imports: [
    UsersModule,
    PasswordsModule,
    SessionsModule,
    TwoFactorModule,
    OneTimeTokensModule,
    SignInAddressesModule,
    AuditModule,
  ],
  providers: [
    AccountAccessService,
    AccountsService,
    AccountPagesService,
    FirstAdministratorService,
    ImportsService,
    OverwritingService,
    MigrationStatusService,
  ],
  exports: [
    AccountsService,
    AccountPagesService,
    FirstAdministratorService,
    ImportsService,
    MigrationStatusService,
  ],
})
export class AdminModule {}

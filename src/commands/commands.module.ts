import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AccountPagesService } from '../admin/account-pages.service.js';
import { AccountsService } from '../admin/accounts.service.js';
import { AdminModule } from '../admin/admin.module.js';
import { ImportsService } from '../admin/import/imports.service.js';
import { MigrationStatusService } from '../admin/import/migration-status.service.js';
import { MailModule } from '../mail/mail.module.js';
import { MailService } from '../mail/mail.service.js';
import { AuditEventsService } from '../audit/audit-events.service.js';
import { AuditModule } from '../audit/audit.module.js';
import { ClockModule } from '../platform/clock/clock.module.js';
import { Clock } from '../platform/clock/clock.service.js';
import { ConfigModule } from '../platform/config/config.module.js';
import { CONFIG } from '../platform/config/config.schema.js';
import { CryptoModule } from '../platform/crypto/crypto.module.js';
import { DatabaseModule } from '../platform/database/database.module.js';
import { OutboxModule } from '../platform/outbox/outbox.module.js';
import { OutboxService } from '../platform/outbox/outbox.service.js';
import { TwoFactorModule } from '../two-factor/two-factor.module.js';
import { TwoFactorService } from '../two-factor/two-factor.service.js';
import { UsersModule } from '../users/users.module.js';
import { UsersService } from '../users/users.service.js';
import type { Application } from './application.js';
import { updateSchema } from './schema.js';

/** What of the application the commands need: no routes, no first administrator. */
@Module({
  imports: [
    ConfigModule,
    ClockModule,
    CryptoModule,
    DatabaseModule,
    OutboxModule,
    UsersModule,
    TwoFactorModule,
    AdminModule,
    MailModule,
    AuditModule,
  ],
})
class CommandsModule {}

export async function openApplication(): Promise<Application & { close: () => Promise<void> }> {
  await updateSchema();
  const app = await NestFactory.createApplicationContext(CommandsModule, {
    logger: false,
    abortOnError: false,
  });
  return {
    config: app.get(CONFIG),
    clock: app.get(Clock),
    imports: app.get(ImportsService),
    migrationStatus: app.get(MigrationStatusService),
    accounts: app.get(AccountsService),
    accountPages: app.get(AccountPagesService),
    auditEvents: app.get(AuditEventsService),
    users: app.get(UsersService),
    twoFactor: app.get(TwoFactorService),
    mail: app.get(MailService),
    outbox: app.get(OutboxService),
    close: () => app.close(),
  };
}

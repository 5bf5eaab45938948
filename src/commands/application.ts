import type { AccountPagesService } from '../admin/account-pages.service.js';
import type { AccountsService } from '../admin/accounts.service.js';
import type { ImportsService } from '../admin/import/imports.service.js';
import type { MigrationStatusService } from '../admin/import/migration-status.service.js';
import type { MailService } from '../mail/mail.service.js';
import type { Clock } from '../platform/clock/clock.service.js';
import type { Config } from '../platform/config/config.schema.js';
import type { OutboxService } from '../platform/outbox/outbox.service.js';
import type { AuditEventsService } from '../audit/audit-events.service.js';
import type { TwoFactorService } from '../two-factor/two-factor.service.js';
import type { UsersService } from '../users/users.service.js';

/** What commands do their work with. */
export interface Application {
  config: Config;
  clock: Clock;
  imports: ImportsService;
  migrationStatus: MigrationStatusService;
  accounts: AccountsService;
  accountPages: AccountPagesService;
  auditEvents: AuditEventsService;
  users: UsersService;
  twoFactor: TwoFactorService;
  mail: MailService;
  outbox: OutboxService;
}

/** Runs `work` on an application of its own, without a server, and closes what it opened. */
export async function withApplication<T>(work: (application: Application) => Promise<T>): Promise<T> {
  // Only now: Nest and TypeORM take their time to load, and most mistakes are seen without them.
  const { openApplication } = await import('./commands.module.js');
  const { close, ...application } = await openApplication();
  try {
    return await work(application);
  } finally {
    await close();
  }
}

import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { byOwner } from '../audit/events.js';
import { AccountTokensService } from '../auth/account-tokens.service.js';
import { MailService, mailedInstant } from '../mail/mail.service.js';
import { Clock } from '../platform/clock/clock.service.js';
import type { Client } from '../sessions/sessions.service.js';
import { UsersService } from '../users/users.service.js';

/** A new address that is confirmed. */
@Injectable()
export class EmailConfirmationService {
  constructor(
    private readonly users: UsersService,
    private readonly accountTokens: AccountTokensService,
    private readonly mail: MailService,
    private readonly audit: AuditService,
    private readonly clock: Clock,
  ) {}

  /** Gives the account the address that the token was sent to. @throws `one_time_token_rejected`, `email_taken` */
  async confirm(token: string, client: Client): Promise<void> {
    await this.accountTokens.spend('email-change', token, async (account, manager, email) => {
      await this.users.setEmail(account.id, email, manager);
      const variables = { new_email: email, changed_at: mailedInstant(this.clock.now()) };
      await this.mail.send({ template: 'email-changed', to: account.email, variables }, manager);
      const origin = byOwner(account, client);
      await this.audit.record('account.email_changed', { account, origin, details: {} }, manager);
    });
  }
}

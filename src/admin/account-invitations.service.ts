import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import type { Origin } from '../audit/events.js';
import { ForgottenPasswordsService } from '../auth/forgotten-passwords.service.js';
import { AccountsService, type AccountKey } from './accounts.service.js';

/** Mails by which owners choose their passwords: administrators never do. */
@Injectable()
export class AccountInvitationsService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly forgottenPasswords: ForgottenPasswordsService,
    private readonly audit: AuditService,
  ) {}

  /** The mail that sets a first or a new password. To a disabled account none is sent. @throws `user_not_found`, `forbidden` */
  async sendPasswordReset(key: AccountKey, by: Origin): Promise<void> {
    await this.accounts.change(key, by, async (account, manager) => {
      await this.forgottenPasswords.send({ email: account.email, address: by.address ?? '' }, manager);
      const happening = { account, origin: by, details: {} };
      await this.audit.record('account.password_reset_requested', happening, manager);
    });
  }
}

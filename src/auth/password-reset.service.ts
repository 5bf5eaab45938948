import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { byOwner } from '../audit/events.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import type { Client } from '../sessions/sessions.service.js';
import { AccountTokensService } from './account-tokens.service.js';
import { CredentialsService } from './credentials.service.js';
import { PasswordChangeService } from './password-change.service.js';

/** A new password for somebody who reads the account's mail. It is no login: the second factor is asked for there as ever. */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly accountTokens: AccountTokensService,
    private readonly passwords: PasswordsService,
    private readonly passwordChange: PasswordChangeService,
    private readonly credentials: CredentialsService,
    private readonly audit: AuditService,
  ) {}

  /** @throws `one_time_token_rejected`, `validation_failed`, `service_unavailable` */
  async reset(token: string, password: string, client: Client): Promise<void> {
    const { address, requestId } = client;
    const { email } = await this.accountTokens.identify('password-reset', token);
    const hash = await this.passwords.hash(password, { email, turn: { address }, requestId });
    const user = await this.accountTokens.spend('password-reset', token, async (account, manager) => {
      await this.passwordChange.apply(account, hash, manager);
      const origin = byOwner(account, client);
      await this.audit.record('account.password_reset', { account, origin, details: {} }, manager);
    });
    // Whoever guessed at the old password guesses anew.
    await this.credentials.clearFailures(user, address);
  }
}

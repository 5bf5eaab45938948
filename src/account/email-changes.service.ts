import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AccountTokensService, fingerprint } from '../auth/account-tokens.service.js';
import { MailService, mailedInstant } from '../mail/mail.service.js';
import { OutboxService, type Attempt } from '../platform/outbox/outbox.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

export const EMAIL_CHANGE_JOB = 'mail.email-change';
const VALID_MS = 24 * 3_600_000;

export interface AskedEmailChange {
  userId: number;
  /** Of the account when it was asked for. */
  fingerprint: string;
  /** The new one, canonical. */
  email: string;
  /** Where the request came from. */
  address: string;
}

/** A new address that somebody asked for: it counts once it is confirmed, and the old one is told before and after. */
@Injectable()
export class EmailChangesService implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly accountTokens: AccountTokensService,
    private readonly mail: MailService,
    private readonly outbox: OutboxService,
  ) {}

  onModuleInit(): void {
    this.outbox.register(EMAIL_CHANGE_JOB, (attempt) => this.decide(attempt));
  }

  private async decide(attempt: Attempt): Promise<void> {
    const { userId, email, address, ...asked } = attempt.payload as AskedEmailChange;
    const isTaken = (await this.users.findByEmail(email)) !== null;
    const variables = { asked_at: mailedInstant(attempt.createdAt), asked_from: address };
    await this.users.whileLocked(userId, async (user, manager) => {
      await attempt.complete(manager);
      if (!user || user.disabledAt !== null || fingerprint(user) !== asked.fingerprint) return;
      const told = { ...variables, new_email: email };
      await this.mail.send({ template: 'email-change-asked', to: user.email, variables: told }, manager);
      if (isTaken) await this.mail.send({ template: 'address-taken', to: email, variables }, manager);
      else await this.invite(user, email, variables, manager);
    });
  }

  private async invite(
    user: User,
    email: string,
    asked: Record<string, string>,
    manager: EntityManager,
  ): Promise<void> {
    const issued = await this.accountTokens.issue(
      'email-change',
      user,
      { validMs: VALID_MS, email },
      manager,
    );
    const token = { ...issued, action: 'confirm-email' as const };
    const variables = { ...asked, valid_for: '24 hours' };
    await this.mail.send({ template: 'confirm-email', to: email, token, variables }, manager);
  }
}

import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ThrottlesService } from '../attempts/throttles.service.js';
import { MailService, mailedInstant } from '../mail/mail.service.js';
import { OutboxService, type Attempt } from '../platform/outbox/outbox.service.js';
import { canonicalEmail } from '../platform/validation/email.policy.js';
import { UsersService } from '../users/users.service.js';
import { AccountTokensService } from './account-tokens.service.js';

const JOB = 'mail.password-reset';
const VALID_MS = 30 * 60_000;

interface AskedReset {
  /** Canonical. */
  email: string;
  /** Where the request came from. */
  address: string;
}

/** Asking for a new password. Whether there is such an account is looked up afterwards, by nobody who waits. */
@Injectable()
export class ForgottenPasswordsService implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly accountTokens: AccountTokensService,
    private readonly throttles: ThrottlesService,
    private readonly mail: MailService,
    private readonly outbox: OutboxService,
  ) {}

  onModuleInit(): void {
    this.outbox.register(JOB, (attempt) => this.decide(attempt));
  }

  /** @throws `too_many_attempts` */
  async ask(given: string, address: string): Promise<void> {
    const email = canonicalEmail(given) ?? '';
    await this.throttles.countReset(email);
    await this.send({ email, address });
  }

  /** Sends the mail, without a limit: for those who may cause any number of them. */
  async send(asked: AskedReset, manager?: EntityManager): Promise<void> {
    await this.outbox.put(JOB, asked, manager);
  }

  private async decide(attempt: Attempt): Promise<void> {
    const { email, address } = attempt.payload as AskedReset;
    const found = await this.users.findByEmail(email);
    // Nobody of that name has the same transaction, of account number 0.
    await this.users.whileLocked(found?.id ?? 0, async (user, manager) => {
      await attempt.complete(manager);
      if (!user || user.disabledAt !== null || user.email !== email) return;
      const issued = await this.accountTokens.issue('password-reset', user, { validMs: VALID_MS }, manager);
      const token = { ...issued, action: 'reset-password' as const };
      const asked = { asked_at: mailedInstant(attempt.createdAt), asked_from: address };
      const variables = { ...asked, valid_for: '30 minutes' };
      await this.mail.send({ template: 'reset-password', to: email, token, variables }, manager);
    });
  }
}

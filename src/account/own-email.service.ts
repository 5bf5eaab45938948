import { Injectable } from '@nestjs/common';
import { ThrottlesService } from '../attempts/throttles.service.js';
import { fingerprint } from '../auth/account-tokens.service.js';
import { OutboxService } from '../platform/outbox/outbox.service.js';
import { about } from '../platform/errors/app.errors.js';
import { canonicalEmail } from '../platform/validation/email.policy.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import { CallerService, type PresentedPassword } from './caller.service.js';
import { EMAIL_CHANGE_JOB, type AskedEmailChange } from './email-changes.service.js';

/** Asking for another address of one's own account. Whether somebody has it already is not told. */
@Injectable()
export class OwnEmailService {
  constructor(
    private readonly caller: CallerService,
    private readonly throttles: ThrottlesService,
    private readonly outbox: OutboxService,
  ) {}

  /** @throws `token_rejected`, `credentials_rejected`, `too_many_attempts` */
  async askToChange(claims: AccessClaims, password: PresentedPassword, given: string): Promise<void> {
    const email = canonicalEmail(given) ?? '';
    const user = await this.caller.authenticate(claims, password);
    // The old address gets one, too. It is counted first: a caller who has had all of theirs spends nobody else's.
    await about(user, this.throttles.countChange(user.publicId));
    await this.throttles.countMail(email);
    await this.caller.whileLocked(user, async (current, manager) => {
      const { address } = password.client;
      const job: AskedEmailChange = { userId: user.id, fingerprint: fingerprint(current), email, address };
      await this.outbox.put(EMAIL_CHANGE_JOB, job, manager);
    });
  }
}

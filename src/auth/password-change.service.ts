import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SignInAddressesService } from '../attempts/sign-in-addresses.service.js';
import { MailService, mailedInstant } from '../mail/mail.service.js';
import { Clock } from '../platform/clock/clock.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

/** A new password, by whatever way its owner proved to be the owner. */
@Injectable()
export class PasswordChangeService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly signInAddresses: SignInAddressesService,
    private readonly mail: MailService,
    private readonly clock: Clock,
  ) {}

  /**
   * Sets it, ends the account's sessions and forgets where it signed in from, but for `except`, and tells the owner (ASVS 5.0
   * 6.3.7). The transaction holds the account's row.
   */
  async apply(
    { id, email }: User,
    passwordHash: string,
    manager: EntityManager,
    except?: { sessionId: string; address: string },
  ): Promise<void> {
    await this.users.setPasswordHash(id, passwordHash, manager);
    await this.sessions.endAll(id, manager, except?.sessionId);
    await this.signInAddresses.forget(id, manager, except?.address);
    const variables = { changed_at: mailedInstant(this.clock.now()) };
    await this.mail.send({ template: 'password-changed', to: email, variables }, manager);
  }
}

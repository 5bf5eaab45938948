import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SignInAddressesService } from '../attempts/sign-in-addresses.service.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import { SessionsService } from '../sessions/sessions.service.js';

/** What lets people into an account. */
@Injectable()
export class AccountAccessService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly signInAddresses: SignInAddressesService,
  ) {}

  /** Ends its sessions, and what else was for the account as it was. The transaction holds the account's row. */
  async end(
    userId: number,
    changed: { isDisabled: boolean; password: boolean },
    manager: EntityManager,
  ): Promise<void> {
    await this.sessions.endAll(userId, manager);
    // Or they would be good again once it is enabled.
    if (changed.isDisabled) await this.oneTimeTokens.revokeAll(String(userId), manager);
    if (changed.password) await this.signInAddresses.forget(userId, manager);
  }
}

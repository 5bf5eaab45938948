import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { about } from '../platform/errors/app.errors.js';
import {
  OneTimeTokensService,
  tokenRejected,
  type IssuedToken,
} from '../one-time-tokens/one-time-tokens.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

/** What a token lets its holder do to the account. */
export type AccountTokenPurpose = 'password-reset' | 'email-change';

interface Content {
  /** Of the account as it was: e-mail and password. */
  fingerprint: string;
  /** For `email-change`: the address that the token was sent to. */
  email?: string;
}

/**
 * One-time tokens of accounts. A token dies with what it was issued for: when the password or the e-mail has changed, by whatever
 * means, or the account is gone or disabled; what disables an account revokes its tokens, so that none comes back with it.
 */
@Injectable()
export class AccountTokensService {
  constructor(
    private readonly users: UsersService,
    private readonly tokens: OneTimeTokensService,
  ) {}

  /** A token in place of the account's others of that purpose. The transaction holds the account's row. */
  async issue(
    purpose: AccountTokenPurpose,
    user: User,
    { validMs, email }: { validMs: number; email?: string },
    manager: EntityManager,
  ): Promise<IssuedToken> {
    const subject = String(user.id);
    await this.tokens.revoke(purpose, subject, manager);
    const content: Content = { fingerprint: credentialsOf(user), ...(email !== undefined && { email }) };
    return this.tokens.issue({ purpose, subject, content, validMs }, manager);
  }

  /** The account of a token, which stays good. @throws `one_time_token_rejected` */
  async identify(purpose: AccountTokenPurpose, token: string): Promise<User> {
    const { subject, content, isExpired } = await this.tokens.find(purpose, token);
    const user = stillMeant(await this.users.find(Number(subject)), content as Content);
    if (isExpired) throw tokenRejected('expired_token', user);
    return user;
  }

  /**
   * Uses a token up and runs `work` in the same transaction, which holds the account's row: where `work` throws, the token stays
   * good. `email` is the one that `issue` was told.
   * @throws `one_time_token_rejected`
   */
  async spend(
    purpose: AccountTokenPurpose,
    token: string,
    work: (user: User, manager: EntityManager, email: string) => Promise<void>,
  ): Promise<User> {
    const identified = await this.identify(purpose, token);
    // The account first and then the token, as `issue` does: the other way round two could wait for each other.
    return this.users.whileLocked(identified.id, async (current, manager) => {
      // Somebody else may have used it in the meantime.
      const { content } = await about(identified, this.tokens.redeem(purpose, token, manager));
      const user = stillMeant(current, content as Content);
      await work(user, manager, (content as Content).email ?? '');
      return user;
    });
  }
}

function stillMeant(user: User | null, content: Content): User {
  if (!user) throw tokenRejected('account_deleted');
  if (user.disabledAt !== null) throw tokenRejected('account_disabled', user);
  if (credentialsOf(user) !== content.fingerprint) throw tokenRejected('account_changed', user);
  return user;
}

/** Changes with the e-mail and the password. */
const credentialsOf = ({ id, email, passwordHash }: User): string => hashOf([id, email, passwordHash]);

/** Changes with whatever an account's owner or an administrator changes, also where it is changed back. */
export const fingerprint = (user: User): string => hashOf([credentialsOf(user), user.updatedAt]);

const hashOf = (values: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(values)).digest('base64url');

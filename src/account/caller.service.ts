import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CredentialsService, rejected } from '../auth/credentials.service.js';
import { codeRequired, isStill } from '../auth/login.service.js';
import { AppError } from '../platform/errors/app.errors.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import { sessionsErrors } from '../sessions/sessions.errors.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { TwoFactor } from '../two-factor/two-factor.entity.js';
import {
  TwoFactorService,
  type FactorVerdict,
  type PresentedFactor,
} from '../two-factor/two-factor.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

/** The caller's password, once more, and the IP address that it comes from. */
export interface PresentedPassword {
  password: string;
  address: string;
}

/** Whose token it is, and whether they prove more than that they have it. */
@Injectable()
export class CallerService {
  constructor(
    private readonly users: UsersService,
    private readonly credentials: CredentialsService,
    private readonly sessions: SessionsService,
    private readonly twoFactor: TwoFactorService,
  ) {}

  /** The account of a session that goes on. @throws `token_rejected` */
  async identify({ sid }: AccessClaims): Promise<User> {
    const session = await this.sessions.find(sid);
    const user = session && (await this.users.find(session.userId));
    if (!user) throw new AppError(sessionsErrors.token_rejected, { reason: 'session_ended' });
    return user;
  }

  /** Likewise, of somebody who knows its password. @throws `token_rejected`, `credentials_rejected`, `too_many_attempts` */
  async authenticate(claims: AccessClaims, { password, address }: PresentedPassword): Promise<User> {
    const user = await this.identify(claims);
    await this.credentials.reauthenticate(user, password, address);
    return user;
  }

  /** Runs `work` while nobody else changes the account, which must still be as it was. */
  async whileLocked<T>(user: User, work: (current: User, manager: EntityManager) => Promise<T>): Promise<T> {
    return this.users.whileLocked(user.id, (current, manager) => {
      if (!isStill(user, current)) throw rejected('account_changed');
      return work(current, manager);
    });
  }

  /**
   * Verifies the presented factor against the one that `find` gives, or against none, and does `work`, in one transaction that a
   * refusal commits too: it spends a try.
   * @throws `credentials_rejected`, `code_required`
   */
  async whileProved<T>(
    user: User,
    presented: PresentedFactor,
    find: (manager: EntityManager) => Promise<TwoFactor | null>,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    const { verdict, result } = await this.whileLocked<{ verdict: FactorVerdict; result?: T }>(
      user,
      async (_, manager) => {
        const verdict = await this.verify(await find(manager), presented, manager);
        return verdict === 'accepted' ? { verdict, result: await work(manager) } : { verdict };
      },
    );
    if (verdict !== 'accepted') throw rejected(verdict);
    return result as T;
  }

  private async verify(
    factor: TwoFactor | null,
    presented: PresentedFactor,
    manager: EntityManager,
  ): Promise<FactorVerdict> {
    if (!factor) return 'accepted';
    if (presented.code === undefined && presented.recoveryCode === undefined) throw codeRequired();
    return this.twoFactor.verify(factor, presented, manager);
  }
}

import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { byOwner, type EventDetails, type EventName, type Nothing } from '../audit/events.js';
import { CredentialsService, rejected } from '../auth/credentials.service.js';
import { codeRequired, isStill } from '../auth/login.service.js';
import { accountOf } from '../auth/subject.js';
import { AppError } from '../platform/errors/app.errors.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import { sessionsErrors } from '../sessions/sessions.errors.js';
import { SessionsService, type Client } from '../sessions/sessions.service.js';
import type { TwoFactor } from '../two-factor/two-factor.entity.js';
import { TwoFactorService, type PresentedFactor } from '../two-factor/two-factor.service.js';
import type { FactorVerdict } from '../two-factor/verdict.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

/** The caller's password, once more, and where it comes from. */
export interface PresentedPassword {
  password: string;
  client: Client;
}

/** An event that says everything by its name. */
type PlainEvent = { [N in EventName]: EventDetails[N] extends Nothing ? N : never }[EventName];

/** Whose token it is, and whether they prove more than that they have it. */
@Injectable()
export class CallerService {
  constructor(
    private readonly users: UsersService,
    private readonly credentials: CredentialsService,
    private readonly sessions: SessionsService,
    private readonly twoFactor: TwoFactorService,
    private readonly audit: AuditService,
  ) {}

  /** The account of a session that goes on. @throws `token_rejected` */
  async identify(claims: AccessClaims): Promise<User> {
    const session = await this.sessions.find(claims.sid);
    const user = session && (await this.users.find(session.userId));
    if (user) return user;
    throw sessionEnded(claims);
  }

  /** Likewise, of somebody who knows its password. @throws `token_rejected`, `credentials_rejected`, `too_many_attempts` */
  async authenticate(claims: AccessClaims, { password, client }: PresentedPassword): Promise<User> {
    const user = await this.identify(claims);
    await this.credentials.reauthenticate(user, password, client.address);
    return user;
  }

  /** Runs `work` while nobody else changes the account, which must still be as it was. */
  async whileLocked<T>(user: User, work: (current: User, manager: EntityManager) => Promise<T>): Promise<T> {
    return this.users.whileLocked(user.id, (current, manager) => {
      if (!isStill(user, current)) throw rejected('account_changed', user);
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
    find: (manager: EntityManager, current: User) => Promise<TwoFactor | null>,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    const { verdict, result } = await this.whileLocked<{ verdict: FactorVerdict; result?: T }>(
      user,
      async (current, manager) => {
        const factor = await find(manager, current);
        const verdict = factor ? await this.verify(user, factor, presented, manager) : NOT_ASKED;
        return verdict.reason === 'accepted' ? { verdict, result: await work(manager) } : { verdict };
      },
    );
    if (verdict.reason !== 'accepted') throw rejected(verdict.reason, user, verdict.evidence);
    return result as T;
  }

  /** Writes down what the caller did to their own account. */
  record(name: PlainEvent, account: User, client: Client, manager: EntityManager): Promise<void> {
    return this.audit.record(name, { account, origin: byOwner(account, client), details: {} }, manager);
  }

  private async verify(
    user: User,
    factor: TwoFactor,
    presented: PresentedFactor,
    manager: EntityManager,
  ): Promise<FactorVerdict> {
    if (presented.code === undefined && presented.recoveryCode === undefined) throw codeRequired(user);
    return this.twoFactor.verify(factor, presented, manager);
  }
}

const NOT_ASKED: FactorVerdict = { reason: 'accepted' };

export const sessionEnded = (claims: AccessClaims): AppError =>
  new AppError(sessionsErrors.token_rejected, { reason: 'session_ended', account: accountOf(claims) });

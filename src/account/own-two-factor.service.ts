import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { byOwner, type EventName } from '../audit/events.js';
import { CredentialsService, rejected } from '../auth/credentials.service.js';
import { codeRequired, isStill } from '../auth/login.service.js';
import { accountOf } from '../auth/subject.js';
import { AppError } from '../platform/errors/app.errors.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import { sessionsErrors } from '../sessions/sessions.errors.js';
import { SessionsService, type Client } from '../sessions/sessions.service.js';
import type { TwoFactor } from '../two-factor/two-factor.entity.js';
import { twoFactorErrors } from '../two-factor/two-factor.errors.js';
import { TwoFactorService, type PresentedFactor } from '../two-factor/two-factor.service.js';
import type { FactorVerdict } from '../two-factor/verdict.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

/** The caller's password, once more, and where it comes from. */
export interface PresentedPassword {
  password: string;
  client: Client;
}

/** Turning one's own second factor on and off. */
@Injectable()
export class OwnTwoFactorService {
  constructor(
    private readonly users: UsersService,
    private readonly credentials: CredentialsService,
    private readonly sessions: SessionsService,
    private readonly twoFactor: TwoFactorService,
    private readonly audit: AuditService,
  ) {}

  async status(claims: AccessClaims): Promise<{ confirmedAt: number | null; recoveryCodesLeft: number }> {
    const { id } = await this.caller(claims);
    const factor = await this.twoFactor.enabled(id);
    return {
      confirmedAt: factor?.confirmedAt ?? null,
      recoveryCodesLeft: factor ? await this.twoFactor.countRecoveryCodes(id) : 0,
    };
  }

  /** A new secret, and the URL that tells it to an app. @throws `credentials_rejected`, `two_factor_enabled` */
  async enrol(claims: AccessClaims, password: PresentedPassword): Promise<{ secret: Buffer; url: string }> {
    const user = await this.authenticated(claims, password);
    const secret = await this.locked(user, async (manager) => {
      await this.record('two_factor.begun', user, password.client, manager);
      return this.twoFactor.enrol(user.id, manager);
    });
    return { secret, url: this.twoFactor.urlOf(secret, user.email) };
  }

  /**
   * Turns it on. The caller's other sessions, opened without it, end.
   * @throws `credentials_rejected`, `two_factor_not_started`, `two_factor_enabled`
   */
  async confirm(claims: AccessClaims, code: string, client: Client): Promise<string[]> {
    const user = await this.caller(claims);
    return this.proved(
      user,
      { code },
      (manager) => this.twoFactor.unconfirmed(user.id, manager),
      async (manager) => {
        await this.sessions.endAll(user.id, manager, claims.sid);
        await this.record('two_factor.enabled', user, client, manager);
        return this.twoFactor.confirm(user.id, manager);
      },
    );
  }

  /** Turns it off; other sessions end. @throws `credentials_rejected`, `code_required`, `two_factor_not_enabled` */
  async disable(claims: AccessClaims, password: PresentedPassword, factor: PresentedFactor): Promise<void> {
    const user = await this.authenticated(claims, password);
    await this.proved(
      user,
      factor,
      (manager) => this.on(user, manager),
      async (manager) => {
        await this.sessions.endAll(user.id, manager, claims.sid);
        await this.twoFactor.remove(user.id, manager);
        await this.record('two_factor.disabled', user, password.client, manager);
      },
    );
  }

  /** @throws `credentials_rejected`, `code_required`, `two_factor_not_enabled` */
  async renewRecoveryCodes(
    claims: AccessClaims,
    password: PresentedPassword,
    factor: PresentedFactor,
  ): Promise<string[]> {
    const user = await this.authenticated(claims, password);
    return this.proved(
      user,
      factor,
      (manager) => this.on(user, manager),
      async (manager) => {
        await this.record('two_factor.recovery_codes_renewed', user, password.client, manager);
        return this.twoFactor.renewRecoveryCodes(user.id, manager);
      },
    );
  }

  /** Verifies the presented factor and does `work`, in one transaction that a refusal commits too: it spends a try. */
  private async proved<T>(
    user: User,
    presented: PresentedFactor,
    find: (manager: EntityManager) => Promise<TwoFactor>,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    const { verdict, result } = await this.locked<{ verdict: FactorVerdict; result?: T }>(
      user,
      async (manager) => {
        const factor = await find(manager);
        if (presented.code === undefined && presented.recoveryCode === undefined) throw codeRequired(user);
        const verdict = await this.twoFactor.verify(factor, presented, manager);
        return verdict.reason === 'accepted' ? { verdict, result: await work(manager) } : { verdict };
      },
    );
    if (verdict.reason !== 'accepted') throw rejected(verdict.reason, user, verdict.evidence);
    return result as T;
  }

  /** Runs `work` while nobody else changes the account, which must still be as it was. */
  private async locked<T>(user: User, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.users.whileLocked(user.id, (current, manager) => {
      if (!isStill(user, current)) throw rejected('account_changed', user);
      return work(manager);
    });
  }

  private async on(user: User, manager: EntityManager): Promise<TwoFactor> {
    const factor = await this.twoFactor.enabled(user.id, manager);
    if (!factor) throw new AppError(twoFactorErrors.two_factor_not_enabled);
    return factor;
  }

  private record(
    name: Extract<EventName, `two_factor.${string}`>,
    account: User,
    client: Client,
    manager: EntityManager,
  ): Promise<void> {
    return this.audit.record(name, { account, origin: byOwner(account, client), details: {} }, manager);
  }

  private async authenticated(claims: AccessClaims, { password, client }: PresentedPassword): Promise<User> {
    const user = await this.caller(claims);
    await this.credentials.reauthenticate(user, password, client.address);
    return user;
  }

  private async caller(claims: AccessClaims): Promise<User> {
    const session = await this.sessions.find(claims.sid);
    const user = session && (await this.users.find(session.userId));
    if (user) return user;
    throw new AppError(sessionsErrors.token_rejected, {
      reason: 'session_ended',
      account: accountOf(claims),
    });
  }
}

import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { UsedFactor } from '../audit/events.js';
import { AppError, nameOf, type AccountName } from '../platform/errors/app.errors.js';
import { AccessTokensService } from '../sessions/access-tokens.service.js';
import { SessionsService, type Client } from '../sessions/sessions.service.js';
import { TwoFactorService, type PresentedFactor } from '../two-factor/two-factor.service.js';
import type { FactorVerdict } from '../two-factor/verdict.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { authErrors } from './auth.errors.js';
import { countingRefusals, logins } from './auth.metrics.js';
import { CredentialsService, rejected, type Authenticated } from './credentials.service.js';
import { subjectOf, type SubjectForm } from './subject.js';

/** Logging in: an authenticated account in, a session and its first token out. */
@Injectable()
export class LoginService {
  constructor(
    private readonly users: UsersService,
    private readonly credentials: CredentialsService,
    private readonly sessions: SessionsService,
    private readonly twoFactor: TwoFactorService,
    private readonly accessTokens: AccessTokensService,
  ) {}

  /**
   * Opens a session for an account whose password was right just now. Its code, where it has two-factor on, is used up in the same
   * transaction, and its hash made ours, where it was not.
   * @throws `credentials_rejected` also where the account was disabled or its password changed in between
   * @throws `code_required`
   */
  async open(
    authenticated: Authenticated,
    factor: PresentedFactor,
    form: SubjectForm,
    client: Client,
  ): Promise<string> {
    const token = await countingRefusals(logins, () => this.openSession(authenticated, factor, form, client));
    logins.inc({ outcome: 'accepted' });
    return token;
  }

  private async openSession(
    { user, isKnownAddress, renewal }: Authenticated,
    factor: PresentedFactor,
    form: SubjectForm,
    client: Client,
  ): Promise<string> {
    const opened = await this.users.whileLocked(user.id, async (current, manager) => {
      if (!isStill(user, current)) return null;
      if (renewal) {
        await this.users.rehash(user.id, renewal.hash, manager);
        await this.credentials.recordUpgrade(current, renewal.hash, client, manager);
      }
      const { verdict, used } = await this.verifyFactor(current, factor, manager);
      if (verdict.reason !== 'accepted') return { verdict, token: '' };
      const opened = await this.sessions.create(current, client, manager);
      await this.credentials.recordLogin(current, { ...opened, factor: used }, client, manager);
      return { verdict, token: this.accessTokens.issue(opened.session, subjectOf(current, form)) };
    });
    if (!opened && renewal) return this.openSession(await renewal.again(), factor, form, client);
    if (!opened) throw rejected('account_changed', user);
    const { verdict, token } = opened;
    // After the commit: a refusal spends a try.
    if (verdict.reason !== 'accepted') throw rejected(verdict.reason, user, verdict.evidence);
    await this.credentials.clearFailures(user, client.address, isKnownAddress);
    return token;
  }

  private async verifyFactor(
    user: User,
    presented: PresentedFactor,
    manager: EntityManager,
  ): Promise<{ verdict: FactorVerdict; used: UsedFactor }> {
    const factor = await this.twoFactor.enabled(user.id, manager);
    if (!factor) return { verdict: { reason: 'accepted' }, used: 'none' };
    if (presented.code === undefined && presented.recoveryCode === undefined) throw codeRequired(user);
    const verdict = await this.twoFactor.verify(factor, presented, manager);
    return { verdict, used: presented.code === undefined ? 'recovery_code' : 'code' };
  }
}

/** Whether `current` is the usable account that was authenticated as `user`, its password unchanged. */
export function isStill(user: User, current: User | null): current is User {
  return current !== null && current.disabledAt === null && current.passwordHash === user.passwordHash;
}

/** Known only to somebody with the right password. */
export const codeRequired = (account: AccountName): AppError =>
  new AppError(authErrors.code_required, {
    reason: 'code_missing',
    account: nameOf(account),
    details: { code: [{ message: authErrors.code_required.sentence }] },
  });

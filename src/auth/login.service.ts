import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AppError } from '../platform/errors/app.errors.js';
import { canonicalEmail } from '../platform/validation/email.policy.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { AccessTokensService } from '../sessions/access-tokens.service.js';
import { SessionsService, type Client } from '../sessions/sessions.service.js';
import { TwoFactorService, type FactorVerdict, type PresentedFactor } from '../two-factor/two-factor.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { authErrors } from './auth.errors.js';
import { subjectOf, type SubjectForm } from './subject.js';

/** Logging in: e-mail and password in, a session and its first token out. */
@Injectable()
export class LoginService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly twoFactor: TwoFactorService,
    private readonly accessTokens: AccessTokensService,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * The account that `email` and `password` are right for. The same work is done whether there is one or not, and
   * whatever is wrong, the caller is told the same.
   * @throws `credentials_rejected`
   */
  async authenticate(email: string, password: string): Promise<User> {
    const canonical = canonicalEmail(email);
    const user = canonical === undefined ? null : await this.users.findByEmail(canonical);
    const isUsable = user !== null && user.disabledAt === null;
    const { matches, needsRehash } = await this.passwords.verify(password, isUsable ? user.passwordHash : null);
    if (!user) throw rejected('unknown_email');
    if (!isUsable) throw rejected('account_disabled');
    if (user.passwordHash === null) throw rejected('no_password');
    if (!matches) throw rejected('wrong_password');
    if (needsRehash) {
      const hash = await this.passwords.rehash(password);
      // Another login was first, or the password was changed: the hash that is there now decides.
      if (!(await this.users.rehash(user.id, user.passwordHash, hash))) return this.authenticate(email, password);
      user.passwordHash = hash;
    }
    return user;
  }

  /**
   * Opens a session for an account whose password was right just now. Its code, where it has two-factor on, is used up in the same
   * transaction.
   * @throws `credentials_rejected` also where the account was disabled or its password changed in between
   * @throws `code_required`
   */
  async open(user: User, factor: PresentedFactor, form: SubjectForm, client: Client): Promise<string> {
    const { verdict, token } = await this.dataSource.transaction(async (manager) => {
      const current = await this.users.lock(user.id, manager);
      if (!current || current.disabledAt !== null || current.passwordHash !== user.passwordHash) {
        throw rejected('account_changed');
      }
      const verdict = await this.verifyFactor(user.id, factor, manager);
      if (verdict !== 'accepted') return { verdict, token: '' };
      const session = await this.sessions.create(current, client, manager);
      return { verdict, token: this.accessTokens.issue(session, subjectOf(current, form)) };
    });
    // After the commit: a refusal spends a try.
    if (verdict !== 'accepted') throw rejected(verdict);
    return token;
  }

  private async verifyFactor(userId: number, presented: PresentedFactor, manager: EntityManager): Promise<FactorVerdict> {
    const factor = await this.twoFactor.enabled(userId, manager);
    if (!factor) return 'accepted';
    if (presented.code === undefined && presented.recoveryCode === undefined) throw codeRequired();
    return this.twoFactor.verify(factor, presented, manager);
  }
}

/** Known only to somebody with the right password. */
export const codeRequired = (): AppError =>
  new AppError(authErrors.code_required, { details: { code: [{ message: authErrors.code_required.sentence }] } });

const rejected = (reason: string): AppError => new AppError(authErrors.credentials_rejected, { reason });

import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AppError } from '../platform/errors/app.errors.js';
import { canonicalEmail } from '../platform/validation/email.policy.js';
import { SignInAddressesService } from '../attempts/sign-in-addresses.service.js';
import { ThrottlesService } from '../attempts/throttles.service.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { AccessTokensService } from '../sessions/access-tokens.service.js';
import { SessionsService, type Client } from '../sessions/sessions.service.js';
import {
  TwoFactorService,
  type FactorVerdict,
  type PresentedFactor,
} from '../two-factor/two-factor.service.js';
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
    private readonly throttles: ThrottlesService,
    private readonly signInAddresses: SignInAddressesService,
    private readonly accessTokens: AccessTokensService,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * The account that `email` and `password` are right for. The same work is done whether there is one or not, and
   * whatever is wrong, the caller is told the same.
   * `signal`: aborted when the client hangs up.
   * @throws `credentials_rejected`, `too_many_attempts`, `service_unavailable`
   */
  async authenticate(
    email: string,
    password: string,
    { address }: Pick<Client, 'address'>,
    signal: AbortSignal,
  ): Promise<User> {
    await this.throttles.countLogin(address);
    const canonical = canonicalEmail(email) ?? '';
    const user = await this.users.findByEmail(canonical);
    const isKnownAddress = await this.signInAddresses.isKnown(user?.id, address);
    const attempt = { email: canonical, address, isKnownAddress };
    const admit = () => this.throttles.admit(attempt);
    await admit();
    const isUsable = user !== null && user.disabledAt === null;
    const turn = { key: address, admit, signal };
    const { matches, needsRehash } = await this.passwords.verify(
      password,
      isUsable ? user.passwordHash : null,
      turn,
    );
    if (!matches || !user?.passwordHash) {
      await this.throttles.recordFailure(attempt);
      throw rejected(refusalReason(user));
    }
    if (needsRehash) {
      const hash = await this.passwords.rehash(password);
      // Another login was first, or the password was changed: the hash that is there now decides.
      if (!(await this.users.rehash(user.id, user.passwordHash, hash)))
        return this.authenticate(email, password, { address }, signal);
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
      await this.signInAddresses.record(current.id, client.address, manager);
      return { verdict, token: this.accessTokens.issue(session, subjectOf(current, form)) };
    });
    // After the commit: a refusal spends a try.
    if (verdict !== 'accepted') throw rejected(verdict);
    await this.clearFailures(user, client);
    return token;
  }

  /** The address is known from now on; what was counted before it was, is cleared as well. */
  private async clearFailures({ email }: User, { address }: Client): Promise<void> {
    await Promise.all(
      [true, false].map((isKnownAddress) => this.throttles.recordSuccess({ email, address, isKnownAddress })),
    );
  }

  private async verifyFactor(
    userId: number,
    presented: PresentedFactor,
    manager: EntityManager,
  ): Promise<FactorVerdict> {
    const factor = await this.twoFactor.enabled(userId, manager);
    if (!factor) return 'accepted';
    if (presented.code === undefined && presented.recoveryCode === undefined) throw codeRequired();
    return this.twoFactor.verify(factor, presented, manager);
  }
}

/** Known only to somebody with the right password. */
export const codeRequired = (): AppError =>
  new AppError(authErrors.code_required, {
    details: { code: [{ message: authErrors.code_required.sentence }] },
  });

function refusalReason(user: User | null): string {
  if (!user) return 'unknown_email';
  if (user.disabledAt !== null) return 'account_disabled';
  return user.passwordHash === null ? 'no_password' : 'wrong_password';
}

const rejected = (reason: string): AppError => new AppError(authErrors.credentials_rejected, { reason });

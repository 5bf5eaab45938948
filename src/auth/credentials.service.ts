import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { byOwner, type UsedFactor } from '../audit/events.js';
import { SignInAddressesService } from '../attempts/sign-in-addresses.service.js';
import type { LoginAttempt } from '../attempts/login-attempt.js';
import { ThrottlesService } from '../attempts/throttles.service.js';
import {
  about,
  AppError,
  nameOf,
  type AccountName,
  type ErrorContext,
} from '../platform/errors/app.errors.js';
import { canonicalEmail } from '../platform/validation/email.policy.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { inspectHash } from '../passwords/verifiers/registry.cjs';
import type { Session } from '../sessions/session.entity.js';
import type { Client } from '../sessions/sessions.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { authErrors } from './auth.errors.js';
import { countingRefusals, logins } from './auth.metrics.js';

/** What somebody presents to log in, and where from. */
export interface Credentials {
  email: string;
  password: string;
  /** An IP address. */
  address: string;
  /** Aborted when the client hangs up. */
  signal: AbortSignal;
}

/** Somebody whose e-mail and password were right just now. */
export interface Authenticated {
  user: User;
  /** The account had signed in from there before. */
  isKnownAddress: boolean;
  /** The hash on their account is not as ours are made. */
  renewal?: Renewal;
}

interface Renewal {
  /** A hash as ours are made, for the login's transaction to store. */
  hash: string;
  /** Asks again, of the hash that is there by now: another login was first, or the password was changed. */
  again: () => Promise<Authenticated>;
}

/** What a login has come to. */
export interface OpenedSession {
  session: Session;
  /** Those that ended for it: there may be only so many. */
  displaced: readonly { id: string }[];
  factor: UsedFactor;
}

/** E-mail and password: whose they are, and how often they may be tried. */
@Injectable()
export class CredentialsService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly throttles: ThrottlesService,
    private readonly signInAddresses: SignInAddressesService,
    private readonly audit: AuditService,
  ) {}

  /**
   * The account that e-mail and password are right for. The same work is done whether there is one or not, and whatever is
   * wrong, the caller is told the same.
   * @throws `credentials_rejected`, `too_many_attempts`, `service_unavailable`
   */
  authenticate(credentials: Credentials): Promise<Authenticated> {
    return countingRefusals(logins, () => this.compare(credentials));
  }

  /**
   * That `user`, who is signed in, knows the password: what a token alone must not do asks for it. It counts as a login does, right or wrong.
   * @throws `credentials_rejected`, `too_many_attempts`, `service_unavailable`
   */
  async reauthenticate(user: User, password: string, address: string): Promise<void> {
    await about(user, this.throttles.countLogin(address));
    const isKnownAddress = await this.signInAddresses.isKnown(user.id, address);
    const attempt = { email: user.email, address, isKnownAddress };
    const compare = async (admit: () => Promise<unknown>) => {
      const turn = { address, isKnown: isKnownAddress, admit };
      const { matches } = await this.passwords.verify(password, user.passwordHash, turn);
      if (!matches) await this.reject(user, attempt);
    };
    await about(user, this.throttles.whileAdmitted(attempt, compare));
  }

  /** A whole login: its address is known from now on, and it is in the audit. */
  async recordLogin(
    account: User,
    { session, displaced, factor }: OpenedSession,
    client: Client,
    manager: EntityManager,
  ): Promise<void> {
    await this.signInAddresses.record(account.id, client.address, manager);
    const origin = byOwner(account, client);
    for (const { id } of displaced) {
      const details = { session: id, cause: 'too_many_sessions' } as const;
      await this.audit.record('session.ended', { account, origin, details }, manager);
    }
    const details = { session: session.id, second_factor: factor };
    await this.audit.record('login.succeeded', { account, origin, details }, manager);
  }

  /** Its hash is another from now on. `account`: as it was. */
  async recordUpgrade(account: User, to: string, client: Client, manager: EntityManager): Promise<void> {
    const details = { from: kindOf(account.passwordHash ?? ''), to: kindOf(to) };
    const origin = byOwner(account, client);
    await this.audit.record('account.password_upgraded', { account, origin, details }, manager);
  }

  /**
   * Clears what was counted there, and elsewhere unless they had signed in from there before: an owner at home does not give
   * strangers all their tries again (NIST SP 800-63B-4 §3.2.2).
   */
  async clearFailures({ email }: User, address: string, wasKnown = false): Promise<void> {
    const cleared = wasKnown ? [true] : [true, false];
    await Promise.all(
      cleared.map((isKnownAddress) => this.throttles.recordSuccess({ email, address, isKnownAddress })),
    );
  }

  private async compare(credentials: Credentials): Promise<Authenticated> {
    const { address, password, signal } = credentials;
    const email = canonicalEmail(credentials.email) ?? '';
    const user = await this.users.findByEmail(email);
    const isKnownAddress = await this.signInAddresses.isKnown(user?.id, address);
    const attempt = { email, address, isKnownAddress };
    const isUsable = user !== null && user.disabledAt === null;
    const hash = isUsable ? user.passwordHash : null;
    const compare = async (admit: () => Promise<unknown>) => {
      const turn = { address, isKnown: isKnownAddress, admit, signal };
      const { matches, needsRehash } = await this.passwords.verify(password, hash, turn);
      if (!matches || !user || hash === null) return this.reject(user, attempt);
      if (!needsRehash) return { user, isKnownAddress };
      const again = () => this.compare(credentials);
      return { user, isKnownAddress, renewal: { hash: await this.passwords.rehash(password), again } };
    };
    return about(user, this.throttles.whileAdmitted(attempt, compare));
  }

  private async reject(user: User | null, attempt: LoginAttempt): Promise<never> {
    if (await this.throttles.recordFailure(attempt)) this.passwords.reconsider();
    throw rejected(reasonOf(user), user);
  }
}

function kindOf(hash: string): string {
  const inspected = inspectHash(hash);
  return 'kind' in inspected ? inspected.kind : 'unknown';
}

function reasonOf(user: User | null): string {
  if (!user) return 'unknown_email';
  if (user.disabledAt !== null) return 'account_disabled';
  return user.passwordHash === null ? 'no_password' : 'wrong_password';
}

/** `reason`, `account` and `evidence` are for log and audit: clients are told the same for all. */
export const rejected = (
  reason: string,
  account: AccountName | null = null,
  evidence: ErrorContext['evidence'] = {},
): AppError =>
  new AppError(authErrors.credentials_rejected, {
    reason,
    evidence,
    ...(account && { account: nameOf(account) }),
  });

import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { OPERATOR, type EventDetails, type EventName, type Origin } from '../audit/events.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { canonicalEmail } from '../platform/validation/email.policy.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { TwoFactorService } from '../two-factor/two-factor.service.js';
import type { User } from '../users/user.entity.js';
import { usersErrors } from '../users/users.errors.js';
import { UsersService } from '../users/users.service.js';
import { AccountAccessService } from './account-access.service.js';

export interface NewAccount {
  email: string;
  role: string;
  /** Null: nobody can log in until one is set. */
  password: string | null;
}

/** What an account is found by: its number, public id or e-mail in any spelling, whichever it is; or its public id alone. */
export type AccountKey = string | { publicId: string };

/**
 * What an administrator does to other people's accounts, over HTTP or from the command line: `by` says who, the operator where
 * it is left out. An administrator must still be one when it is done.
 */
@Injectable()
export class AccountsService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly access: AccountAccessService,
    private readonly twoFactor: TwoFactorService,
    private readonly audit: AuditService,
  ) {}

  /** @throws `validation_failed`, `email_taken`, `forbidden` */
  async create({ email, role, password }: NewAccount, by = OPERATOR): Promise<User> {
    const canonical = canonicalOf(email);
    this.users.checkRole(role);
    const passwordHash = password === null ? null : await this.passwords.hash(password, { email: canonical });
    return this.users.transaction(async (manager) => {
      await this.admit(by, manager);
      const account = await this.users.create({ email: canonical, role, passwordHash }, manager);
      const details = { role, has_password: passwordHash !== null };
      await this.audit.record('account.created', { account, origin: by, details }, manager);
      return account;
    });
  }

  /** @throws `user_not_found` */
  find(key: AccountKey): Promise<User> {
    return typeof key === 'string'
      ? this.users.resolve(canonicalEmail(key) ?? key)
      : this.users.resolvePublicId(key.publicId);
  }

  /** Nobody can use the account from now on, and what was mailed before is worthless even when it is enabled again. @throws `user_not_found`, `last_administrator`, `forbidden` */
  async disable(key: AccountKey, by = OPERATOR): Promise<User> {
    return this.change(key, by, async (user, manager) => {
      await this.users.keepAnAdministrator(user, manager);
      if (user.disabledAt === null) await this.users.setDisabled(user.id, true, manager);
      await this.end('account.disabled', { account: user, origin: by, details: {} }, manager);
    });
  }

  /** @throws `user_not_found`, `forbidden` */
  async enable(key: AccountKey, by = OPERATOR): Promise<User> {
    return this.change(key, by, async (account, manager) => {
      await this.users.setDisabled(account.id, false, manager);
      await this.audit.record('account.enabled', { account, origin: by, details: {} }, manager);
    });
  }

  /** From the command line only: administrators never choose passwords. @throws `user_not_found`, `validation_failed` */
  async setPassword(key: AccountKey, password: string, by = OPERATOR): Promise<User> {
    const { email } = await this.find(key);
    const hash = await this.passwords.hash(password, { email });
    return this.change(key, by, async (user, manager) => {
      await this.users.setPasswordHash(user.id, hash, manager);
      await this.end('account.password_changed', { account: user, origin: by, details: {} }, manager);
    });
  }

  /** @throws `user_not_found`, `validation_failed`, `last_administrator`, `forbidden` */
  setRole(key: AccountKey, role: string, by = OPERATOR): Promise<User> {
    return this.update(key, { role }, by);
  }

  /**
   * Gives an account another role, e-mail address or both: tokens that say otherwise end with their sessions.
   * @throws `user_not_found`, `validation_failed`, `email_taken`, `last_administrator`, `forbidden`
   */
  async update(
    key: AccountKey,
    { role, email }: { role?: string; email?: string },
    by = OPERATOR,
  ): Promise<User> {
    if (role !== undefined) this.users.checkRole(role);
    const canonical = email === undefined ? undefined : canonicalOf(email);
    return this.change(key, by, async (user, manager) => {
      if (role !== undefined) {
        if (role !== 'admin') await this.users.keepAnAdministrator(user, manager);
        await this.users.setRole(user.id, role, manager);
        const details = { from: user.role, to: role };
        await this.end('account.role_changed', { account: user, origin: by, details }, manager);
      }
      if (canonical !== undefined) {
        await this.users.setEmail(user.id, canonical, manager);
        await this.end('account.email_changed', { account: user, origin: by, details: {} }, manager);
      }
    });
  }

  /** For somebody who lost authenticator and recovery codes. @throws `user_not_found`, `forbidden` */
  async resetTwoFactor(key: AccountKey, by = OPERATOR): Promise<{ user: User; wasOn: boolean }> {
    let wasOn = false;
    const user = await this.change(key, by, async (account, manager) => {
      wasOn = await this.twoFactor.remove(account.id, manager);
      if (wasOn) await this.end('two_factor.reset', { account, origin: by, details: {} }, manager);
    });
    return { user, wasOn };
  }

  /** The account is gone; its ids are not given out again. @throws `user_not_found`, `last_administrator`, `forbidden` */
  async delete(key: AccountKey, by = OPERATOR): Promise<User> {
    const user = await this.find(key);
    await this.users.whileLocked(
      user.id,
      async (current, manager) => {
        await this.admit(by, manager);
        if (!current) throw new AppError(usersErrors.user_not_found);
        await this.users.keepAnAdministrator(current, manager);
        await this.end('account.deleted', { account: user, origin: by, details: {} }, manager);
        await this.users.delete(user.id, manager);
      },
      actorOf(by),
    );
    return user;
  }

  /** Runs `work` on the account while nobody else changes it. @throws `user_not_found`, `forbidden` */
  async change(
    key: AccountKey,
    by: Origin,
    work: (user: User, manager: EntityManager) => Promise<void>,
  ): Promise<User> {
    const { id, publicId } = await this.find(key);
    await this.users.whileLocked(
      id,
      async (user, manager) => {
        await this.admit(by, manager);
        if (user) await work(user, manager);
      },
      actorOf(by),
    );
    return this.users.resolvePublicId(publicId);
  }

  /** Their token may be older than what has become of them. */
  private async admit({ actor }: Origin, manager: EntityManager): Promise<void> {
    if (actor === OPERATOR.actor) return;
    if (actor !== null && (await this.users.isAdministrator(actor, manager))) return;
    throw new AppError(httpErrors.forbidden, { reason: 'no_longer_administrator' });
  }

  /** Records `name`, after which nothing lets anybody in that was for the account as it was. */
  private async end<Name extends EventName>(
    name: Name,
    happening: { account: User; origin: Origin; details: EventDetails[Name] },
    manager: EntityManager,
  ): Promise<void> {
    const changed = {
      isDisabled: name === 'account.disabled',
      password: name === 'account.password_changed',
    };
    await this.access.end(happening.account.id, changed, manager);
    await this.audit.record(name, happening, manager);
  }
}

/** Whose account has to stay as it is while they act: the operator has none. */
const actorOf = ({ actor }: Origin): string | undefined =>
  actor === null || actor === OPERATOR.actor ? undefined : actor;

function canonicalOf(email: string): string {
  const canonical = canonicalEmail(email);
  if (canonical !== undefined) return canonical;
  const message = 'The email field must be a valid email address.';
  throw new AppError(httpErrors.validation_failed, { details: { email: [{ message }] } });
}

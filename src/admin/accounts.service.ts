import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { canonicalEmail } from '../platform/validation/email.policy.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { TwoFactorService } from '../two-factor/two-factor.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

export interface NewAccount {
  email: string;
  role: string;
  /** Null: nobody can log in until one is set. */
  password: string | null;
}

/** What an administrator does to other people's accounts. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly twoFactor: TwoFactorService,
  ) {}

  /** @throws `validation_failed`, `email_taken` */
  async create({ email, role, password }: NewAccount): Promise<User> {
    const canonical = canonicalEmail(email);
    if (canonical === undefined) throw invalid('email', 'The email field must be a valid email address.');
    checkRole(role);
    const passwordHash = password === null ? null : await this.passwords.hash(password, { email: canonical });
    return this.users.create({ email: canonical, role, passwordHash });
  }

  /** By number, public id or e-mail in any spelling. @throws `user_not_found` */
  find(name: string): Promise<User> {
    return this.users.resolve(canonicalEmail(name) ?? name);
  }

  /** Nobody can use the account from now on. @throws `user_not_found` */
  async disable(name: string): Promise<User> {
    return this.change(name, async (user, manager) => {
      if (user.disabledAt === null) await this.users.setDisabled(user.id, true, manager);
      await this.sessions.endAll(user.id, manager);
    });
  }

  /** @throws `user_not_found` */
  async enable(name: string): Promise<User> {
    return this.change(name, (user, manager) => this.users.setDisabled(user.id, false, manager));
  }

  /** @throws `user_not_found`, `validation_failed` */
  async setPassword(name: string, password: string): Promise<User> {
    const { email } = await this.find(name);
    const hash = await this.passwords.hash(password, { email });
    return this.change(name, async (user, manager) => {
      await this.users.setPasswordHash(user.id, hash, manager);
      await this.sessions.endAll(user.id, manager);
    });
  }

  /** Tokens with the old role end with their sessions. @throws `user_not_found`, `validation_failed` */
  async setRole(name: string, role: string): Promise<User> {
    checkRole(role);
    return this.change(name, async (user, manager) => {
      await this.users.setRole(user.id, role, manager);
      await this.sessions.endAll(user.id, manager);
    });
  }

  /** For somebody who lost authenticator and recovery codes. @throws `user_not_found` */
  async resetTwoFactor(name: string): Promise<{ user: User; wasOn: boolean }> {
    let wasOn = false;
    const user = await this.change(name, async ({ id }, manager) => {
      wasOn = await this.twoFactor.remove(id, manager);
      if (wasOn) await this.sessions.endAll(id, manager);
    });
    return { user, wasOn };
  }

  /** The account is gone; its ids are not given out again. @throws `user_not_found` */
  async delete(name: string): Promise<User> {
    const user = await this.users.resolve(canonicalEmail(name) ?? name);
    await this.users.whileLocked(user.id, async (_, manager) => {
      await this.sessions.endAll(user.id, manager);
      await this.users.delete(user.id, manager);
    });
    return user;
  }

  private async change(
    name: string,
    work: (user: User, manager: EntityManager) => Promise<void>,
  ): Promise<User> {
    const { id } = await this.find(name);
    await this.users.whileLocked(id, async (user, manager) => {
      if (user) await work(user, manager);
    });
    return this.users.resolve(String(id));
  }
}

function checkRole(role: string): void {
  if (/^[a-z][a-z0-9_-]{0,31}$/.test(role)) return;
  throw invalid(
    'role',
    'The role field must be 1 to 32 characters of a–z, 0–9, "_" and "-", the first a letter.',
  );
}

const invalid = (field: string, message: string): AppError =>
  new AppError(httpErrors.validation_failed, { details: { [field]: [{ message }] } });

import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { EntityManager, In, IsNull, Not, Repository } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { randomString } from '../platform/crypto/random.js';
import { isUniqueViolation } from '../platform/database/database.errors.js';
import { Gathering } from '../platform/database/gathering.js';
import { statement } from '../platform/database/statement.js';
import { forUpdate, isPostgres } from '../platform/database/lock.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { traced } from '../platform/tracing/request-traces.js';
import { selectByPublicId, userOf, type UserRow } from './user-row.js';
import { User } from './user.entity.js';
import { usersErrors } from './users.errors.js';

/** Any constant: the advisory lock of who takes an administrator away. */
const ADMINISTRATORS_LOCK = 0x6761_7461;
export const PUBLIC_ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

export interface NewUser {
  /** Canonical. */
  email: string;
  passwordHash: string | null;
  role: string;
}

/** Accounts, and nothing about how their owners prove who they are. */
@Injectable()
export class UsersService {
  private readonly byPublicId = new Gathering((publicIds: string[]) =>
    selectByPublicId(this.users.manager.dataSource, publicIds),
  );

  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.users.manager.transaction(work);
  }

  /** @throws `validation_failed` where `role` is none that is configured */
  checkRole(role: string): void {
    if (this.config.roles.includes(role)) return;
    const message = `The role field must be one of ${this.config.roles.join(', ')}.`;
    throw new AppError(httpErrors.validation_failed, { details: { role: [{ message }] } });
  }

  /** @throws `email_taken` */
  async create(user: NewUser, manager: EntityManager = this.users.manager): Promise<User> {
    const now = this.clock.now();
    try {
      return await manager.save(
        manager.create(User, {
          ...user,
          publicId: randomString(PUBLIC_ID_ALPHABET, 8),
          disabledAt: null,
          createdAt: now,
          updatedAt: now,
        }),
      );
    } catch (error) {
      // Of 36^8 public ids the same one twice is not to be expected: then it is the e-mail.
      throw isUniqueViolation(error) ? new AppError(usersErrors.email_taken) : error;
    }
  }

  /** `email`: canonical. */
  findByEmail(email: string): Promise<User | null> {
    return this.findWhere('email = $1', email);
  }

  find(id: number): Promise<User | null> {
    return this.findWhere('id = $1', id);
  }

  /** What every refresh asks: those that ask at the same time share a statement. */
  findByPublicId(publicId: string): Promise<User | null> {
    return traced('find account', () => this.byPublicId.ask(publicId));
  }

  private async findWhere(condition: string, value: string | number): Promise<User | null> {
    const sql = `SELECT * FROM users WHERE ${condition}`;
    const [row] = await statement<UserRow>(this.users.manager, sql, [value]);
    return row ? userOf(row) : null;
  }

  /** By any of its names: numeric id, public id or canonical e-mail. @throws `user_not_found` */
  async resolve(name: string): Promise<User> {
    const by = name.includes('@')
      ? { email: name }
      : /^[0-9]{1,10}$/.test(name) && Number(name) <= 0x7fff_ffff
        ? [{ id: Number(name) }, { publicId: name }]
        : { publicId: name };
    const [user, other] = await this.users.findBy(by);
    // Digits may be the number of one account and the public id of another: nobody guesses which is meant.
    if (!user || other) throw new AppError(usersErrors.user_not_found);
    return user;
  }

  /** @throws `user_not_found` */
  async resolvePublicId(publicId: string): Promise<User> {
    // It comes from a URL, where it may hold a NUL: PostgreSQL's error 22021.
    const user = /^[A-Z0-9]{8}$/.test(publicId) ? await this.users.findOneBy({ publicId }) : null;
    if (!user) throw new AppError(usersErrors.user_not_found);
    return user;
  }

  findAll(ids: readonly number[]): Promise<User[]> {
    return this.users.find({ where: { id: In(ids) }, order: { id: 'ASC' } });
  }

  isEmpty(manager: EntityManager): Promise<boolean> {
    return manager.exists(User).then((exists) => !exists);
  }

  /**
   * Runs `work` in a transaction during which nobody else changes the account, or logs in to it; nor that of the public id
   * `actor`, where there is one.
   */
  async whileLocked<T>(
    id: number,
    work: (user: User | null, manager: EntityManager) => Promise<T>,
    actor?: string,
  ): Promise<T> {
    return this.users.manager.transaction(async (manager) => {
      const rows = await statement<UserRow>(
        manager,
        // In the order of their ids: two who act on each other must not each wait for the other.
        `SELECT * FROM users WHERE id = $1 OR public_id = $2 ORDER BY id ${forUpdate(manager)}`,
        [id, actor ?? ''],
      );
      const row = rows.find((each) => each.id === id);
      return work(row ? userOf(row) : null, manager);
    });
  }

  /** Whether the account of that public id is an administrator's, who may act, and stays one until the transaction ends. */
  async isAdministrator(publicId: string, manager: EntityManager): Promise<boolean> {
    const found = await statement(
      manager,
      `SELECT id FROM users WHERE public_id = $1 AND role = 'admin' AND disabled_at IS NULL ${forUpdate(manager)}`,
      [publicId],
    );
    return found.length > 0;
  }

  /**
   * Asked before `user`, whose row the transaction holds, is disabled, demoted or deleted: an administrator who can log in must be
   * left. Who asks at the same time waits until the transaction ends, and then sees what it did. @throws `last_administrator`
   */
  async keepAnAdministrator(user: User, manager: EntityManager): Promise<void> {
    if (user.role !== 'admin' || user.disabledAt !== null || user.passwordHash === null) return;
    // SQLite's transactions are the only writer from their beginning.
    if (isPostgres(manager.dataSource))
      await manager.query('SELECT pg_advisory_xact_lock($1)', [ADMINISTRATORS_LOCK]);
    const usable = { role: 'admin', disabledAt: IsNull(), passwordHash: Not(IsNull()) };
    if (await manager.existsBy(User, { ...usable, id: Not(user.id) })) return;
    throw new AppError(usersErrors.last_administrator);
  }

  async setDisabled(id: number, disabled: boolean, manager: EntityManager): Promise<void> {
    const now = this.clock.now();
    await manager.update(User, { id }, { disabledAt: disabled ? now : null, updatedAt: now });
  }

  async setPasswordHash(id: number, passwordHash: string, manager: EntityManager): Promise<void> {
    await manager.update(User, { id }, { passwordHash, updatedAt: this.clock.now() });
  }

  /** `email`: canonical. @throws `email_taken` */
  async setEmail(id: number, email: string, manager: EntityManager): Promise<void> {
    try {
      await manager.update(User, { id }, { email, updatedAt: this.clock.now() });
    } catch (error) {
      throw isUniqueViolation(error) ? new AppError(usersErrors.email_taken) : error;
    }
  }

  async setRole(id: number, role: string, manager: EntityManager): Promise<void> {
    await manager.update(User, { id }, { role, updatedAt: this.clock.now() });
  }

  async delete(id: number, manager: EntityManager): Promise<void> {
    await manager.delete(User, { id });
  }

  /** Another hash of the same password. */
  async rehash(id: number, passwordHash: string, manager: EntityManager): Promise<void> {
    await manager.update(User, { id }, { passwordHash });
  }
}

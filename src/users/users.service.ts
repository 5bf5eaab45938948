import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { EntityManager, MoreThan, Repository } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { randomString } from '../platform/crypto/random.js';
import { isUniqueViolation } from '../platform/database/database.errors.js';
import { statement } from '../platform/database/statement.js';
import { AppError } from '../platform/errors/app.errors.js';
import { User } from './user.entity.js';
import { usersErrors } from './users.errors.js';

const PUBLIC_ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

export interface NewUser {
  /** Canonical. */
  email: string;
  passwordHash: string | null;
  role: string;
}

/** Accounts, and nothing about how their owners prove who they are. */
@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly clock: Clock,
  ) {}

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
    return this.users.findOneBy({ email });
  }

  find(id: number): Promise<User | null> {
    return this.users.findOneBy({ id });
  }

  /** On the path of every refresh: without TypeORM's own cost, which is many times the statement's. */
  async findByPublicId(publicId: string): Promise<User | null> {
    const [row] = await statement<UserRow>(this.users.manager, 'SELECT * FROM users WHERE public_id = $1', [
      publicId,
    ]);
    return row ? userOf(row) : null;
  }

  /** By any of its names: numeric id, public id or canonical e-mail. @throws `user_not_found` */
  async resolve(name: string): Promise<User> {
    const by = name.includes('@')
      ? { email: name }
      : /^[0-9]{1,10}$/.test(name) && Number(name) <= 0x7fff_ffff
        ? [{ id: Number(name) }, { publicId: name }]
        : { publicId: name };
    const user = await this.users.findOneBy(by);
    if (!user) throw new AppError(usersErrors.user_not_found);
    return user;
  }

  isEmpty(manager: EntityManager): Promise<boolean> {
    return manager.exists(User).then((exists) => !exists);
  }

  /** At most `limit` accounts whose id is greater than `after`, by id. */
  list({ after, limit }: { after: number; limit: number }): Promise<User[]> {
    return this.users.find({ where: { id: MoreThan(after) }, order: { id: 'ASC' }, take: limit });
  }

  /** Runs `work` in a transaction during which nobody else changes the account, or logs in to it. */
  async whileLocked<T>(
    id: number,
    work: (user: User | null, manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    return this.users.manager.transaction(async (manager) => {
      // SQLite's transactions are the only writer from their beginning.
      const isPostgres = manager.dataSource.options.type === 'postgres';
      const lock = isPostgres && { lock: { mode: 'pessimistic_write' as const } };
      return work(await manager.findOne(User, { where: { id }, ...lock }), manager);
    });
  }

  async setDisabled(id: number, disabled: boolean, manager: EntityManager): Promise<void> {
    const now = this.clock.now();
    await manager.update(User, { id }, { disabledAt: disabled ? now : null, updatedAt: now });
  }

  async setPasswordHash(id: number, passwordHash: string, manager: EntityManager): Promise<void> {
    await manager.update(User, { id }, { passwordHash, updatedAt: this.clock.now() });
  }

  async setRole(id: number, role: string, manager: EntityManager): Promise<void> {
    await manager.update(User, { id }, { role, updatedAt: this.clock.now() });
  }

  async delete(id: number, manager: EntityManager): Promise<void> {
    await manager.delete(User, { id });
  }

  /** Puts a fresh hash of the same password in place of `from`; does nothing where that is no longer the hash. */
  async rehash(id: number, from: string, to: string): Promise<boolean> {
    const { affected } = await this.users.update({ id, passwordHash: from }, { passwordHash: to });
    return affected === 1;
  }
}

interface UserRow {
  id: number;
  public_id: string;
  email: string;
  password_hash: string | null;
  role: string;
  disabled_at: number | null;
  created_at: number;
  updated_at: number;
}

const userOf = (row: UserRow): User => ({
  id: row.id,
  publicId: row.public_id,
  email: row.email,
  passwordHash: row.password_hash,
  role: row.role,
  disabledAt: row.disabled_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { randomString } from '../platform/crypto/random.js';
import { insertRows, isAmong, listParameter } from '../platform/database/bulk-insert.js';
import { forUpdate, isPostgres } from '../platform/database/lock.js';
import { statement } from '../platform/database/statement.js';
import { userOf, type UserRow } from './user-row.js';
import { User } from './user.entity.js';
import { PUBLIC_ID_ALPHABET } from './users.service.js';

/** An account that another system had. */
export interface ImportedUser {
  /** Absent: the next that is free. */
  id?: number | undefined;
  /** Absent: a random one. */
  publicId?: string | undefined;
  /** Canonical. */
  email: string;
  passwordHash: string | null;
  role: string;
  /** Epoch milliseconds, as the next. */
  disabledAt: number | null;
  createdAt: number;
}

const columns = ['public_id', 'email', 'password_hash', 'role', 'disabled_at', 'created_at', 'updated_at'];

const PAGE = 1_000;

/** Accounts by the hundred: what an entity at a time would take many times as long for. */
@Injectable()
export class UserImportsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(work);
  }

  /** The accounts that have one of these e-mails (canonical), numbers or public ids. The transaction holds their rows. */
  async findAny(
    { emails, ids, publicIds }: { emails: string[]; ids: number[]; publicIds: string[] },
    manager: EntityManager,
  ): Promise<User[]> {
    const rows = await statement<UserRow>(
      manager,
      // Three indexes asked one by one: of an OR, PostgreSQL may make a scan.
      `SELECT * FROM users WHERE id IN (
         SELECT id FROM users WHERE ${isAmong(manager, 'email', '$1', 'text')}
         UNION SELECT id FROM users WHERE ${isAmong(manager, 'id', '$2', 'integer')}
         UNION SELECT id FROM users WHERE ${isAmong(manager, 'public_id', '$3', 'text')}
       ) ORDER BY id ${forUpdate(manager)}`,
      [emails, ids, publicIds].map((list) => listParameter(manager, list)),
    );
    return rows.map(userOf);
  }

  /** Returns the numbers that they got, by e-mail. Numbers that are taken along are never given out again. */
  async insertAll(users: readonly ImportedUser[], manager: EntityManager): Promise<Map<string, number>> {
    const numbered = users.filter(({ id }) => id !== undefined);
    const others = users.filter(({ id }) => id === undefined);
    await this.passOver(Math.max(0, ...numbered.map(({ id }) => id ?? 0)), manager);
    const target = { table: 'users', returning: 'id, email' };
    const inserted = [
      ...(await insertRows<Inserted>(
        manager,
        { ...target, columns: ['id', ...columns] },
        numbered.map((user) => [user.id, ...this.valuesOf(user)]),
      )),
      ...(await insertRows<Inserted>(
        manager,
        { ...target, columns },
        others.map((user) => this.valuesOf(user)),
      )),
    ];
    return new Map(inserted.map(({ email, id }) => [email, id]));
  }

  async update(
    id: number,
    changes: Partial<Pick<User, 'passwordHash' | 'role' | 'disabledAt'>>,
    manager: EntityManager,
  ): Promise<void> {
    await manager.update(User, { id }, { ...changes, updatedAt: this.clock.now() });
  }

  /** The hash of every account, page by page. */
  async *hashes(): AsyncGenerator<string | null> {
    let after = 0;
    for (;;) {
      const rows = await statement<Pick<UserRow, 'id' | 'password_hash'>>(
        this.dataSource,
        `SELECT id, password_hash FROM users WHERE id > $1 ORDER BY id LIMIT ${PAGE}`,
        [after],
      );
      for (const { password_hash } of rows) yield password_hash;
      if (rows.length < PAGE) return;
      after = rows[PAGE - 1]?.id ?? after;
    }
  }

  private valuesOf({ publicId, email, passwordHash, role, disabledAt, createdAt }: ImportedUser): unknown[] {
    const id = publicId ?? randomString(PUBLIC_ID_ALPHABET, 8);
    return [id, email, passwordHash, role, disabledAt, createdAt, this.clock.now()];
  }

  /** The sequence goes on behind `id`, and never back. SQLite's does so by itself. */
  private async passOver(id: number, manager: EntityManager): Promise<void> {
    if (id === 0 || !isPostgres(manager.dataSource)) return;
    // Who was given one of these numbers meanwhile has to be seen, and nobody else may be given one until the transaction ends.
    await manager.query('LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE');
    await manager.query(
      `SELECT setval(pg_get_serial_sequence('users', 'id'), $1)
       WHERE coalesce(pg_sequence_last_value(pg_get_serial_sequence('users', 'id')::regclass), 0) < $1`,
      [id],
    );
  }
}

interface Inserted {
  id: number;
  email: string;
}

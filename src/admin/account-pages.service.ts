import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { pageOf, type Condition } from '../platform/database/bounded-page.js';
import { enabledIn } from '../two-factor/enabled.js';
import { TwoFactorService } from '../two-factor/two-factor.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

export interface AccountFilter {
  /** A part of the e-mail address. */
  search?: string | undefined;
  role?: string | undefined;
  disabled?: boolean | undefined;
  twoFactor?: boolean | undefined;
  /** Only accounts of greater numbers. */
  after?: number | undefined;
  limit: number;
}

/** An account, and whether its logins ask for a code. */
export interface Account {
  user: User;
  hasTwoFactor: boolean;
}

/** Reads accounts a page at a time, by number. */
@Injectable()
export class AccountPagesService {
  constructor(
    private readonly users: UsersService,
    private readonly twoFactor: TwoFactorService,
    private readonly dataSource: DataSource,
  ) {}

  /** `next` is the next page's `after`: a page may have few accounts, or none, and still not be the last. */
  async page({
    after,
    limit,
    ...filter
  }: AccountFilter): Promise<{ accounts: Account[]; next: number | null }> {
    const order = { table: 'users', key: 'id', direction: 'ASC' } as const;
    const { rows, next } = await pageOf<{ id: number }>(this.dataSource, {
      ...order,
      ...conditionsOf(filter),
      after,
      limit,
    });
    const ids = rows.map(({ id }) => id);
    const [users, protectedIds] = await Promise.all([
      this.users.findAll(ids),
      this.twoFactor.enabledAmong(ids),
    ]);
    const accounts = users.map((user) => ({ user, hasTwoFactor: protectedIds.has(user.id) }));
    return { accounts, next: next === null ? null : Number(next) };
  }

  async describe(user: User): Promise<Account> {
    return { user, hasTwoFactor: (await this.twoFactor.enabled(user.id)) !== null };
  }
}

/** The indexes give each role, and the disabled, in the order of their numbers. */
function conditionsOf({ search, role, disabled, twoFactor }: Omit<AccountFilter, 'after' | 'limit'>): {
  indexed: Condition[];
  filters: Condition[];
} {
  const given = [
    disabled === true && { sql: 'disabled_at IS NOT NULL', parameters: [] },
    role !== undefined && { sql: 'role = $1', parameters: [role] },
    disabled === false && { sql: 'disabled_at IS NULL', parameters: [] },
    twoFactor !== undefined && { sql: `${twoFactor ? '' : 'NOT '}${enabledIn('id')}`, parameters: [] },
    // Addresses are in lower case; in LIKE a backslash takes a wildcard's meaning away.
    search !== undefined && {
      sql: "email LIKE $1 ESCAPE '\\'",
      parameters: [`%${search.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`],
    },
  ].filter((condition) => condition !== false);
  const isIndexed = disabled === true || role !== undefined;
  return { indexed: given.slice(0, isIndexed ? 1 : 0), filters: given.slice(isIndexed ? 1 : 0) };
}

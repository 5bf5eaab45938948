import type { DataSource } from 'typeorm';
import { givenRows } from '../platform/database/given-rows.js';
import { statement } from '../platform/database/statement.js';
import type { User } from './user.entity.js';

/** An account as SQL gives it: on the way of every login and refresh TypeORM would cost many times the statement. */
export interface UserRow {
  id: number;
  public_id: string;
  email: string;
  password_hash: string | null;
  role: string;
  disabled_at: number | null;
  created_at: number;
  updated_at: number;
}

export const userOf = (row: UserRow): User => ({
  id: row.id,
  publicId: row.public_id,
  email: row.email,
  passwordHash: row.password_hash,
  role: row.role,
  disabledAt: row.disabled_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** The accounts of those public ids, in their order; null where there is none. */
export async function selectByPublicId(
  dataSource: DataSource,
  publicIds: readonly string[],
): Promise<(User | null)[]> {
  const rows = await statement<UserRow>(
    dataSource,
    `SELECT * FROM users WHERE public_id IN (SELECT name FROM ${givenRows(dataSource, 'given', ['name'])})`,
    [JSON.stringify(publicIds.map((name) => ({ name })))],
  );
  const users = new Map(rows.map((row) => [row.public_id, userOf(row)]));
  return publicIds.map((publicId) => users.get(publicId) ?? null);
}

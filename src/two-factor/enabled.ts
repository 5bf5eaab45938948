import type { EntityManager } from 'typeorm';
import { statement } from '../platform/database/statement.js';

/** SQL: whether the account whose id is in `column` has two-factor on. */
export const enabledIn = (column: string): string =>
  `EXISTS (SELECT 1 FROM two_factor WHERE user_id = ${column} AND confirmed_at > 0)`;

/** Every login asks, and few have it: TypeORM would cost many times the statement. */
export async function isEnabled(userId: number, manager: EntityManager): Promise<boolean> {
  const sql = 'SELECT 1 FROM two_factor WHERE user_id = $1 AND confirmed_at > 0';
  return (await statement(manager, sql, [userId])).length > 0;
}

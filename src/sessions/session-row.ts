import type { EntityManager } from 'typeorm';
import { statement } from '../platform/database/statement.js';
import type { Session } from './session.entity.js';

/** A session as SQL gives it: on the way of every login and refresh TypeORM would cost many times the statement. */
export interface SessionRow {
  id: string;
  user_id: number;
  token_id: string;
  previous_token_id: string | null;
  address: string;
  user_agent: string;
  created_at: number;
  refreshed_at: number;
  tokens_expire_at: number;
  expires_at: number;
}

export const sessionOf = (row: SessionRow): Session => ({
  id: row.id,
  userId: row.user_id,
  tokenId: row.token_id,
  previousTokenId: row.previous_token_id,
  address: row.address,
  userAgent: row.user_agent,
  createdAt: row.created_at,
  refreshedAt: row.refreshed_at,
  tokensExpireAt: row.tokens_expire_at,
  expiresAt: row.expires_at,
});

export async function insertSession(session: Session, manager: EntityManager): Promise<void> {
  await statement(
    manager,
    `INSERT INTO sessions (id, user_id, token_id, previous_token_id, address, user_agent,
       created_at, refreshed_at, tokens_expire_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      session.id,
      session.userId,
      session.tokenId,
      session.previousTokenId,
      session.address,
      session.userAgent,
      session.createdAt,
      session.refreshedAt,
      session.tokensExpireAt,
      session.expiresAt,
    ],
  );
}

import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { statement } from '../platform/database/statement.js';
import { AppError, nameOf, type AccountName } from '../platform/errors/app.errors.js';
import { oneTimeTokensErrors } from './one-time-tokens.errors.js';

/** NIST SP 800-63B-4 asks for 64 bits at least; this many nobody needs to count tries for. */
const TOKEN_BYTES = 32;

export interface TokenGrant {
  /** What the token is good for. */
  purpose: string;
  /** Whom it is about: an account's number, or an e-mail address. */
  subject: string;
  /** To be found again: what JSON can hold. */
  content: object;
  validMs: number;
}

export interface IssuedToken {
  /** 256 random bits, base64url: 43 characters. */
  value: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

export interface FoundToken {
  subject: string;
  content: unknown;
}

/** Tokens that prove, once, that somebody reads a mailbox. */
@Injectable()
export class OneTimeTokensService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** A new token; it is kept as a hash. */
  async issue(
    { purpose, subject, content, validMs }: TokenGrant,
    manager: EntityManager,
  ): Promise<IssuedToken> {
    const value = randomBytes(TOKEN_BYTES).toString('base64url');
    const expiresAt = this.clock.now() + validMs;
    await statement(
      manager,
      `INSERT INTO one_time_tokens (token_hash, purpose, subject, content, expires_at)
       VALUES ($1, $2, $3, $4, $5) RETURNING token_hash`,
      [hashOf(value), purpose, subject, JSON.stringify(content), expiresAt],
    );
    return { value, expiresAt };
  }

  /** What a token is about that nobody has used, good or expired; it stays what it is. @throws `one_time_token_rejected` */
  async find(purpose: string, token: string): Promise<FoundToken & { isExpired: boolean }> {
    const [row] = await statement<FoundRow & { expires_at: number }>(
      this.dataSource,
      'SELECT subject, content, expires_at FROM one_time_tokens WHERE token_hash = $1 AND purpose = $2',
      [hashOf(token), purpose],
    );
    return { ...foundIn(row), isExpired: row !== undefined && row.expires_at <= this.clock.now() };
  }

  /** Uses a token up, in one statement, however many try at once; not if the transaction rolls back. @throws `one_time_token_rejected` */
  async redeem(purpose: string, token: string, manager: EntityManager): Promise<FoundToken> {
    const [row] = await statement<FoundRow>(
      manager,
      `DELETE FROM one_time_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3
       RETURNING subject, content`,
      [hashOf(token), purpose, this.clock.now()],
    );
    return foundIn(row);
  }

  /** Makes every token of that purpose about that subject worthless. */
  async revoke(purpose: string, subject: string, manager = this.dataSource.manager): Promise<void> {
    await statement(
      manager,
      'DELETE FROM one_time_tokens WHERE subject = $1 AND purpose = $2 RETURNING token_hash',
      [subject, purpose],
    );
  }

  /** Likewise of any purpose. */
  async revokeAll(subject: string, manager: EntityManager): Promise<void> {
    await statement(manager, 'DELETE FROM one_time_tokens WHERE subject = $1 RETURNING token_hash', [
      subject,
    ]);
  }
}

interface FoundRow {
  subject: string;
  content: string;
}

function foundIn(row: FoundRow | undefined): FoundToken {
  if (!row) throw tokenRejected('unknown_token');
  return { subject: row.subject, content: JSON.parse(row.content) as unknown };
}

/** `reason` and `account` are for log and audit: unknown, expired and used tokens are told the same. */
export const tokenRejected = (reason: string, account?: AccountName): AppError => {
  const definition = oneTimeTokensErrors.one_time_token_rejected;
  return new AppError(definition, {
    reason,
    details: { token: [{ message: definition.sentence }] },
    ...(account && { account: nameOf(account) }),
  });
};

// A random token needs no salt and no slow hash: there is nothing to guess.
const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository, type EntityManager } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { randomToken } from '../platform/crypto/random.js';
import { statement } from '../platform/database/statement.js';
import { RevocationsService } from './revocations.service.js';
import { Session } from './session.entity.js';

/** How long a revocation outlasts the tokens: a clock that was put forward and back must not let them in again. */
const CLOCK_ERROR_MS = 3_600_000;

/** Where a request comes from. */
export interface Client {
  /** An IP address. */
  address: string;
  userAgent: string;
  /** What the client is told in `X-Request-Id`. */
  requestId: string;
}

/**
 * What became of a token that asked for its successor: the session's newest (`rotated`), or its parent within the grace, which
 * gets the same successor (`repeated`); a session that is no more; an older token, or the parent after the grace, which only
 * somebody who copied it can hold (RFC 9700 §4.14.2).
 */
export type Rotation =
  | { outcome: 'rotated' | 'repeated' | 'reused'; session: Session }
  | { outcome: 'ended'; session?: undefined };

/** Sessions: one row a login, which every refresh asks. */
@Injectable()
export class SessionsService {
  constructor(
    @InjectRepository(Session) private readonly sessions: Repository<Session>,
    private readonly dataSource: DataSource,
    private readonly revocations: RevocationsService,
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** Begins a session of an account whose row the transaction holds; the longest-idle ones beyond the limit end: `displaced`. */
  async create(
    user: { id: number; publicId: string },
    client: Omit<Client, 'requestId'>,
    manager: EntityManager,
  ): Promise<{ session: Session; displaced: Session[] }> {
    const now = this.clock.now();
    const { maxSessionsPerUser, sessionTtlSeconds } = this.config;
    const displaced = await manager.find(Session, {
      where: { userId: user.id },
      order: { refreshedAt: 'DESC' },
      skip: maxSessionsPerUser - 1,
      take: 1_000,
    });
    for (const { id } of displaced) await this.end(id, manager);
    const session = manager.create(Session, {
      id: `${user.publicId}.${randomToken()}`,
      userId: user.id,
      tokenId: randomToken(),
      previousTokenId: null,
      address: client.address,
      userAgent: client.userAgent.slice(0, 255),
      createdAt: now,
      refreshedAt: now,
      tokensExpireAt: this.tokenExpiry(now),
      expiresAt: now + sessionTtlSeconds * 1000,
    });
    await manager.insert(Session, session);
    return { session, displaced };
  }

  /** The session, or null where it ended. */
  async find(id: string): Promise<Session | null> {
    // It comes from a URL too, where it may hold a NUL: PostgreSQL's error 22021.
    if (!/^[A-Z0-9]{8}\.[A-Za-z0-9_-]{22}$/.test(id)) return null;
    const session = await this.sessions.findOneBy({ id });
    return session && session.expiresAt > this.clock.now() ? session : null;
  }

  /** The sessions of an account, the newest login first. */
  async listOf(userId: number): Promise<Session[]> {
    const sessions = await this.sessions.find({ where: { userId }, order: { createdAt: 'DESC' } });
    return sessions.filter(({ expiresAt }) => expiresAt > this.clock.now());
  }

  /** Gives the session its next token id, if `tokenId` is its newest: one conditional UPDATE, however many ask at once. */
  async rotate(id: string, tokenId: string): Promise<Rotation> {
    const now = this.clock.now();
    const [rotated] = await statement<SessionRow>(
      this.dataSource,
      `UPDATE sessions SET previous_token_id = token_id, token_id = $1, refreshed_at = $2,
         tokens_expire_at = CASE WHEN tokens_expire_at > $3 THEN tokens_expire_at ELSE $3 END
       WHERE id = $4 AND token_id = $5 AND expires_at > $2
       RETURNING *`,
      [randomToken(), now, this.tokenExpiry(now), id, tokenId],
    );
    if (rotated) return { outcome: 'rotated', session: sessionOf(rotated) };
    const session = await this.find(id);
    if (!session) return { outcome: 'ended' };
    // Counted from the rotation, never renewed: a repetition changes nothing.
    const isInGrace = now - session.refreshedAt <= this.config.refreshGraceSeconds * 1000;
    const isParent = session.previousTokenId === tokenId;
    return { outcome: isParent && isInGrace ? 'repeated' : 'reused', session };
  }

  /** Ends a session and revokes its tokens. False: it was no more. */
  async end(id: string, manager: EntityManager): Promise<boolean> {
    return (await this.endWhere('id = $1', [id], manager)) > 0;
  }

  /** Ends every session of an account, but for `except`. */
  async endAll(userId: number, manager: EntityManager, except = ''): Promise<void> {
    await this.endWhere('user_id = $1 AND id <> $2', [userId, except], manager);
  }

  private async endWhere(condition: string, parameters: unknown[], manager: EntityManager): Promise<number> {
    const ended = await statement<{ id: string; tokens_expire_at: number }>(
      manager,
      `DELETE FROM sessions WHERE ${condition} RETURNING id, tokens_expire_at`,
      parameters,
    );
    await this.revocations.record(
      ended.map(({ id, tokens_expire_at }) => ({ id, expiresAt: tokens_expire_at + CLOCK_ERROR_MS })),
      manager,
    );
    return ended.length;
  }

  private tokenExpiry(issuedAt: number): number {
    return issuedAt + this.config.accessTokenTtlSeconds * 1000;
  }
}

interface SessionRow {
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

const sessionOf = (row: SessionRow): Session => ({
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

import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository, type EntityManager } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { randomToken } from '../platform/crypto/random.js';
import { statement } from '../platform/database/statement.js';
import { RevocationsService } from './revocations.service.js';
import { insertSession } from './session-row.js';
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
  ): Promise<{ session: Session; displaced: { id: string }[] }> {
    const now = this.clock.now();
    const { maxSessionsPerUser, sessionTtlSeconds } = this.config;
    const displaced = await statement<{ id: string }>(
      manager,
      'SELECT id FROM sessions WHERE user_id = $1 ORDER BY refreshed_at DESC LIMIT 1000 OFFSET $2',
      [user.id, maxSessionsPerUser - 1],
    );
    for (const { id } of displaced) await this.end(id, manager);
    const session: Session = {
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
    };
    await insertSession(session, manager);
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

  /** Ends a session and revokes its tokens. False: it was no more. */
  async end(id: string, manager: EntityManager): Promise<boolean> {
    return (await this.endWhere('id = $1', [id], manager)) > 0;
  }

  /** Ends every session of an account, but for `except`. How many there were. */
  endAll(userId: number, manager: EntityManager, except = ''): Promise<number> {
    return this.endWhere('user_id = $1 AND id <> $2', [userId, except], manager);
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

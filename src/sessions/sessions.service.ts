import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { randomToken } from '../platform/crypto/random.js';
import { Session } from './session.entity.js';

/** Where a request comes from. */
export interface Client {
  /** An IP address. */
  address: string;
  userAgent: string;
}

/** Sessions: one row a login, which every refresh asks. */
@Injectable()
export class SessionsService {
  constructor(
    @InjectRepository(Session) private readonly sessions: Repository<Session>,
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** Begins a session of an account. */
  async create(user: { id: number; publicId: string }, client: Client, manager: EntityManager): Promise<Session> {
    const now = this.clock.now();
    const session = manager.create(Session, {
      id: `${user.publicId}.${randomToken()}`,
      userId: user.id,
      tokenId: randomToken(),
      address: client.address,
      userAgent: client.userAgent.slice(0, 255),
      createdAt: now,
      refreshedAt: now,
      expiresAt: now + this.config.sessionTtlSeconds * 1000,
    });
    await manager.insert(Session, session);
    return session;
  }

  /** The session, or null where it ended. */
  async find(id: string): Promise<Session | null> {
    const session = await this.sessions.findOneBy({ id });
    return session && session.expiresAt > this.clock.now() ? session : null;
  }

  /** Gives the session its next token id. Null: it ended, or went on meanwhile. */
  async rotate(session: Session): Promise<Session | null> {
    const now = this.clock.now();
    const next = { tokenId: randomToken(), refreshedAt: now };
    const { affected } = await this.sessions.update({ id: session.id, tokenId: session.tokenId }, next);
    return affected === 1 ? Object.assign(session, next) : null;
  }

  /** Ends every session of an account. */
  async endAll(userId: number, manager: EntityManager): Promise<void> {
    await manager.delete(Session, { userId });
  }
}

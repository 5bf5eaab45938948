import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { byOwner } from '../audit/events.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import type { Session } from '../sessions/session.entity.js';
import { SessionsService, type Client } from '../sessions/sessions.service.js';
import { sessionEnded } from './caller.service.js';

/** What a signed-in person does to their own sessions. */
@Injectable()
export class OwnSessionsService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
  ) {}

  /** Signs out: the session of the token ends. */
  async end(claims: AccessClaims, client: Client): Promise<void> {
    // Its account's number is in some tokens only.
    const session = await this.sessions.find(claims.sid);
    if (session) await this.endSession(session, 'signed_out', client);
  }

  async list(claims: AccessClaims): Promise<Session[]> {
    const { userId } = await this.current(claims);
    return this.sessions.listOf(userId);
  }

  /** @throws `not_found` where the caller has no such session, whoever else may */
  async endOne(claims: AccessClaims, id: string, client: Client): Promise<void> {
    const [{ userId }, session] = await Promise.all([this.current(claims), this.sessions.find(id)]);
    if (session?.userId !== userId) throw new AppError(httpErrors.not_found);
    await this.endSession(session, 'ended', client);
  }

  async endOthers(claims: AccessClaims, client: Client): Promise<void> {
    const current = await this.current(claims);
    const account = ownerOf(current);
    const origin = byOwner(account, client);
    await this.dataSource.transaction(async (manager) => {
      // Asked again and again, it would fill the audit, and every webhook's queue.
      if ((await this.sessions.endAll(account.id, manager, current.id)) === 0) return;
      await this.audit.record('session.others_ended', { account, origin, details: {} }, manager);
    });
  }

  private async endSession(session: Session, cause: 'signed_out' | 'ended', client: Client): Promise<void> {
    const account = ownerOf(session);
    const details = { session: session.id, cause };
    await this.dataSource.transaction(async (manager) => {
      if (!(await this.sessions.end(session.id, manager))) return;
      await this.audit.record(
        'session.ended',
        { account, origin: byOwner(account, client), details },
        manager,
      );
    });
  }

  private async current(claims: AccessClaims): Promise<Session> {
    const session = await this.sessions.find(claims.sid);
    if (session) return session;
    throw sessionEnded(claims);
  }
}

const ownerOf = ({ id, userId }: Session): { id: number; publicId: string } => ({
  id: userId,
  publicId: id.slice(0, 8),
});

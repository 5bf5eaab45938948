import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import type { Session } from '../sessions/session.entity.js';
import { sessionsErrors } from '../sessions/sessions.errors.js';
import { SessionsService } from '../sessions/sessions.service.js';

/** What a signed-in person does to their own sessions. */
@Injectable()
export class OwnSessionsService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly dataSource: DataSource,
  ) {}

  /** Signs out: the session of the token ends. */
  async end(claims: AccessClaims): Promise<void> {
    await this.dataSource.transaction((manager) => this.sessions.end(claims.sid, manager));
  }

  async list(claims: AccessClaims): Promise<Session[]> {
    const { userId } = await this.current(claims);
    return this.sessions.listOf(userId);
  }

  /** @throws `not_found` where the caller has no such session, whoever else may */
  async endOne(claims: AccessClaims, id: string): Promise<void> {
    const [{ userId }, session] = await Promise.all([this.current(claims), this.sessions.find(id)]);
    if (session?.userId !== userId) throw new AppError(httpErrors.not_found);
    await this.dataSource.transaction((manager) => this.sessions.end(id, manager));
  }

  async endOthers(claims: AccessClaims): Promise<void> {
    const { id, userId } = await this.current(claims);
    await this.dataSource.transaction((manager) => this.sessions.endAll(userId, manager, id));
  }

  private async current({ sid }: AccessClaims): Promise<Session> {
    const session = await this.sessions.find(sid);
    if (!session) throw new AppError(sessionsErrors.token_rejected, { reason: 'session_ended' });
    return session;
  }
}

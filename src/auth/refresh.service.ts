import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ThrottlesService } from '../attempts/throttles.service.js';
import { AppError } from '../platform/errors/app.errors.js';
import { AccessTokensService, type AccessClaims } from '../sessions/access-tokens.service.js';
import type { Session } from '../sessions/session.entity.js';
import { sessionsErrors } from '../sessions/sessions.errors.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { UsersService } from '../users/users.service.js';
import { countingRefusals, refreshes } from './auth.metrics.js';
import { publicIdOf, subjectOf, type SubjectForm } from './subject.js';

/** Refreshing: a token in, the session's next one out. */
@Injectable()
export class RefreshService {
  private readonly logger = new Logger(RefreshService.name);

  constructor(
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
    private readonly accessTokens: AccessTokensService,
    private readonly throttles: ThrottlesService,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * The token that follows the one whose claims are given; role and e-mail are read afresh. The parent of the newest token gets
   * that newest one, for a while; anything older was copied, and ends the session.
   * @throws `token_rejected`, `too_many_attempts`
   */
  async refresh(claims: AccessClaims): Promise<string> {
    const { token, outcome } = await countingRefusals(refreshes, () => this.next(claims));
    refreshes.inc({ outcome });
    return token;
  }

  private async next(claims: AccessClaims): Promise<{ token: string; outcome: string }> {
    await this.throttles.countRefresh(claims.sid);
    // At once: what ends a session changes its account in the same transaction.
    const [user, { outcome, session }] = await Promise.all([
      this.users.findByPublicId(publicIdOf(claims) ?? ''),
      this.sessions.rotate(claims.sid, claims.jti),
    ]);
    if (outcome === 'ended') throw rejected('session_ended');
    if (outcome === 'reused') return this.endStolen(session);
    if (user?.id !== session.userId || user.disabledAt !== null) throw rejected('account_disabled');
    const form: SubjectForm = typeof claims.sub === 'number' ? 'id' : 'publicId';
    if (user[form] !== claims.sub) throw rejected('not_the_sessions_account');
    return { token: this.accessTokens.issue(session, subjectOf(user, form)), outcome };
  }

  /** RFC 9700 §4.14.2: nobody can tell the owner from the thief, so neither goes on. */
  private async endStolen(session: Session): Promise<never> {
    await this.dataSource.transaction((manager) => this.sessions.end(session.id, manager));
    this.logger.warn({
      msg: 'a used token was presented again: session ended',
      user: publicIdOf({ sid: session.id }),
    });
    throw rejected('token_reused');
  }
}

const rejected = (reason: string): AppError => new AppError(sessionsErrors.token_rejected, { reason });

import { Injectable } from '@nestjs/common';
import { AppError } from '../platform/errors/app.errors.js';
import { AccessTokensService, type AccessClaims } from '../sessions/access-tokens.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { sessionsErrors } from '../sessions/sessions.errors.js';
import { UsersService } from '../users/users.service.js';
import { subjectOf, type SubjectForm } from './subject.js';

/** Refreshing: a token in, the session's next one out. */
@Injectable()
export class RefreshService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
    private readonly accessTokens: AccessTokensService,
  ) {}

  /**
   * The token that follows the one whose claims are given; role and e-mail are read afresh.
   * @throws `token_rejected`
   */
  async refresh(claims: AccessClaims): Promise<string> {
    const session = await this.sessions.find(claims.sid);
    if (!session) throw rejected('session_ended');
    const user = await this.users.find(session.userId);
    if (!user || user.disabledAt !== null) throw rejected('account_disabled');
    const form: SubjectForm = typeof claims.sub === 'number' ? 'id' : 'publicId';
    if (user[form] !== claims.sub) throw rejected('not_the_sessions_account');
    const rotated = await this.sessions.rotate(session);
    if (!rotated) throw rejected('session_ended');
    return this.accessTokens.issue(rotated, subjectOf(user, form));
  }
}

const rejected = (reason: string): AppError => new AppError(sessionsErrors.token_rejected, { reason });

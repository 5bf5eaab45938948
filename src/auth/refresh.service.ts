import { Injectable } from '@nestjs/common';
import { ThrottlesService } from '../attempts/throttles.service.js';
import { about, AppError, type AccountName } from '../platform/errors/app.errors.js';
import { AccessTokensService, type AccessClaims } from '../sessions/access-tokens.service.js';
import { sessionsErrors } from '../sessions/sessions.errors.js';
import { RotationsService } from '../sessions/rotations.service.js';
import type { Client } from '../sessions/sessions.service.js';
import { UsersService } from '../users/users.service.js';
import { countingRefusals, refreshes } from './auth.metrics.js';
import { accountOf, subjectOf, type SubjectForm } from './subject.js';
import { TheftService } from './theft.service.js';

/** Refreshing: a token in, the session's next one out. */
@Injectable()
export class RefreshService {
  constructor(
    private readonly rotations: RotationsService,
    private readonly users: UsersService,
    private readonly accessTokens: AccessTokensService,
    private readonly throttles: ThrottlesService,
    private readonly theft: TheftService,
  ) {}

  /**
   * The token that follows the one whose claims are given; role and e-mail are read afresh. The parent of the newest token gets
   * that newest one, for a while; anything older was copied, and ends the session.
   * @throws `token_rejected`, `too_many_attempts`
   */
  async refresh(claims: AccessClaims, client: Client): Promise<string> {
    const { token, outcome } = await countingRefusals(refreshes, () => this.next(claims, client));
    refreshes.inc({ outcome });
    return token;
  }

  private async next(claims: AccessClaims, client: Client): Promise<{ token: string; outcome: string }> {
    const account = accountOf(claims);
    await about(account, this.throttles.countRefresh(claims.sid));
    const { outcome, session } = await this.rotations.rotate(claims.sid, claims.jti);
    if (outcome === 'ended') throw rejected('session_ended', account);
    if (outcome === 'reused') {
      await this.theft.end(session, client);
      throw rejected('token_reused', account);
    }
    // One after the other: those whose sessions shared a statement share the next one too.
    const user = await this.users.findByPublicId(account.publicId);
    if (user?.id !== session.userId || user.disabledAt !== null) throw rejected('account_disabled', account);
    const form: SubjectForm = typeof claims.sub === 'number' ? 'id' : 'publicId';
    if (user[form] !== claims.sub) throw rejected('not_the_sessions_account', account);
    return { token: this.accessTokens.issue(session, subjectOf(user, form)), outcome };
  }
}

const rejected = (reason: string, account: AccountName): AppError =>
  new AppError(sessionsErrors.token_rejected, { reason, account });

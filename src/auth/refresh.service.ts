import { Injectable, Logger } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { byOwner } from '../audit/events.js';
import { ThrottlesService } from '../attempts/throttles.service.js';
import { about, AppError, type AccountName } from '../platform/errors/app.errors.js';
import { AccessTokensService, type AccessClaims } from '../sessions/access-tokens.service.js';
import type { Session } from '../sessions/session.entity.js';
import { sessionsErrors } from '../sessions/sessions.errors.js';
import { SessionsService, type Client } from '../sessions/sessions.service.js';
import { UsersService } from '../users/users.service.js';
import { countingRefusals, refreshes } from './auth.metrics.js';
import { accountOf, subjectOf, type SubjectForm } from './subject.js';

/** Refreshing: a token in, the session's next one out. */
@Injectable()
export class RefreshService {
  private readonly logger = new Logger(RefreshService.name);

  constructor(
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
    private readonly accessTokens: AccessTokensService,
    private readonly throttles: ThrottlesService,
    private readonly audit: AuditService,
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
    // At once: what ends a session changes its account in the same transaction.
    const [user, { outcome, session }] = await Promise.all([
      this.users.findByPublicId(account.publicId),
      this.sessions.rotate(claims.sid, claims.jti),
    ]);
    if (outcome === 'ended') throw rejected('session_ended', account);
    if (outcome === 'reused') return this.endStolen(session, client);
    if (user?.id !== session.userId || user.disabledAt !== null) throw rejected('account_disabled', account);
    const form: SubjectForm = typeof claims.sub === 'number' ? 'id' : 'publicId';
    if (user[form] !== claims.sub) throw rejected('not_the_sessions_account', account);
    return { token: this.accessTokens.issue(session, subjectOf(user, form)), outcome };
  }

  /** RFC 9700 §4.14.2: nobody can tell the owner from the thief, so neither goes on. */
  private async endStolen({ id, userId }: Session, client: Client): Promise<never> {
    const account = { id: userId, publicId: id.slice(0, 8) };
    // Nobody knows who it was.
    const origin = { ...byOwner(account, client), actor: null };
    await this.users.whileLocked(userId, async (_, manager) => {
      if (!(await this.sessions.end(id, manager))) return;
      const details = { session: id };
      await this.audit.record('session.token_reused', { account, origin, details }, manager);
    });
    this.logger.warn({ msg: 'a used token was presented again: session ended', user: account.publicId });
    throw rejected('token_reused', account);
  }
}

const rejected = (reason: string, account: AccountName): AppError =>
  new AppError(sessionsErrors.token_rejected, { reason, account });

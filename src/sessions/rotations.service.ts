import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { randomToken } from '../platform/crypto/random.js';
import { Gathering } from '../platform/database/gathering.js';
import { givenRows } from '../platform/database/given-rows.js';
import { isPostgres } from '../platform/database/lock.js';
import { statement } from '../platform/database/statement.js';
import { traced } from '../platform/tracing/request-traces.js';
import { sessionOf, type SessionRow } from './session-row.js';
import type { Session } from './session.entity.js';
import { SessionsService } from './sessions.service.js';

/**
 * What became of a token that asked for its successor: the session's newest (`rotated`), or its parent within the grace, which
 * gets the same successor (`repeated`); a session that is no more; an older token, or the parent after the grace, which only
 * somebody who copied it can hold (RFC 9700 §4.14.2).
 */
export type Rotation =
  | { outcome: 'rotated' | 'repeated' | 'reused'; session: Session }
  | { outcome: 'ended'; session?: undefined };

/** A session, the id of its newest token, and that of the one to follow it. */
interface Step {
  session: string;
  newest: string;
  successor: string;
}

/** Of PostgreSQL: what others hold is left to them, or waited for. A statement of SQLite's is the only one that writes. */
type Lock = 'FOR UPDATE SKIP LOCKED' | 'FOR UPDATE';

/** Rotation: each token has one successor, however many ask at once and on whatever instance. */
@Injectable()
export class RotationsService {
  private readonly together = new Gathering((steps: Step[]) => this.takeAll(steps, 'FOR UPDATE SKIP LOCKED'));

  constructor(
    private readonly dataSource: DataSource,
    private readonly sessions: SessionsService,
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** Gives the session its next token id, if `tokenId` is its newest: one conditional UPDATE. */
  rotate(id: string, tokenId: string): Promise<Rotation> {
    return traced('rotate session', () => this.next(id, tokenId, (step) => this.together.ask(step)));
  }

  private async next(
    id: string,
    tokenId: string,
    take: (step: Step) => Promise<SessionRow | undefined>,
  ): Promise<Rotation> {
    const rotated = await take({ session: id, newest: tokenId, successor: randomToken() });
    if (rotated) return { outcome: 'rotated', session: sessionOf(rotated) };
    const session = await this.sessions.find(id);
    if (!session) return { outcome: 'ended' };
    // Somebody else held the row: wait for it, but let nobody else wait with us.
    if (session.tokenId === tokenId)
      return this.next(id, tokenId, async (step) => (await this.takeAll([step], 'FOR UPDATE'))[0]);
    // Counted from the rotation, never renewed: a repetition changes nothing.
    const isInGrace = this.clock.now() - session.refreshedAt <= this.config.refreshGraceSeconds * 1000;
    const isParent = session.previousTokenId === tokenId;
    return { outcome: isParent && isInGrace ? 'repeated' : 'reused', session };
  }

  /** Takes those steps whose token is still the newest, each of which is then the session's only one; undefined for the others. */
  private async takeAll(steps: Step[], lock: Lock): Promise<(SessionRow | undefined)[]> {
    const now = this.clock.now();
    const tokenExpiry = now + this.config.accessTokenTtlSeconds * 1000;
    const rows = await statement<SessionRow>(this.dataSource, takeSteps(this.dataSource, lock), [
      JSON.stringify(steps),
      now,
      tokenExpiry,
    ]);
    const byToken = new Map(rows.map((row) => [row.token_id, row]));
    return steps.map(({ successor }) => byToken.get(successor));
  }
}

function takeSteps(dataSource: DataSource, lock: Lock): string {
  const given = givenRows(dataSource, 'given', ['session', 'newest', 'successor']);
  return `UPDATE sessions SET previous_token_id = token_id, token_id = successor, refreshed_at = $2,
      tokens_expire_at = CASE WHEN tokens_expire_at > $3 THEN tokens_expire_at ELSE $3 END
    FROM ${given}
    WHERE id = session AND token_id = newest AND expires_at > $2
      ${isPostgres(dataSource) ? `AND id IN (SELECT id FROM sessions WHERE id IN (SELECT session FROM ${given}) ${lock})` : ''}
    RETURNING *`;
}

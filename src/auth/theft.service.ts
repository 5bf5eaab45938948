import { Injectable, Logger } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import { byOwner } from '../audit/events.js';
import type { Session } from '../sessions/session.entity.js';
import { SessionsService, type Client } from '../sessions/sessions.service.js';
import { UsersService } from '../users/users.service.js';

/** Sessions of which somebody holds a copied token. */
@Injectable()
export class TheftService {
  private readonly logger = new Logger(TheftService.name);

  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
  ) {}

  /** RFC 9700 §4.14.2: nobody can tell the owner from the thief, so neither goes on. */
  async end({ id, userId }: Session, client: Client): Promise<void> {
    const account = { id: userId, publicId: id.slice(0, 8) };
    // Nobody knows who it was.
    const origin = { ...byOwner(account, client), actor: null };
    await this.users.whileLocked(userId, async (_, manager) => {
      if (!(await this.sessions.end(id, manager))) return;
      await this.audit.record('session.token_reused', { account, origin, details: { session: id } }, manager);
    });
    this.logger.warn({
      msg: 'a used token was presented again: session ended',
      request_id: client.requestId,
      user: account.publicId,
    });
  }
}

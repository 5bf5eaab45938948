import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service.js';
import type { Origin } from '../audit/events.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import type { Session } from '../sessions/session.entity.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { AccountsService, type AccountKey } from './accounts.service.js';

/** Other people's sessions. */
@Injectable()
export class AccountSessionsService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
  ) {}

  /** @throws `user_not_found` */
  async list(key: AccountKey): Promise<Session[]> {
    const { id } = await this.accounts.find(key);
    return this.sessions.listOf(id);
  }

  /** @throws `user_not_found`, `forbidden` */
  async endAll(key: AccountKey, by: Origin): Promise<void> {
    await this.accounts.change(key, by, async (account, manager) => {
      await this.sessions.endAll(account.id, manager);
      await this.audit.record('session.all_ended', { account, origin: by, details: {} }, manager);
    });
  }

  /** @throws `user_not_found`, `forbidden`; `not_found` where the account has no such session, whoever else may */
  async endOne(key: AccountKey, id: string, by: Origin): Promise<void> {
    const session = await this.sessions.find(id);
    await this.accounts.change(key, by, async (account, manager) => {
      if (session?.userId !== account.id || !(await this.sessions.end(id, manager)))
        throw new AppError(httpErrors.not_found);
      const details = { session: id, cause: 'ended' } as const;
      await this.audit.record('session.ended', { account, origin: by, details }, manager);
    });
  }
}

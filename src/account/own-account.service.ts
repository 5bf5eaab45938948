import { Injectable } from '@nestjs/common';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { TwoFactorService, type PresentedFactor } from '../two-factor/two-factor.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { CallerService, type PresentedPassword } from './caller.service.js';

/** What a signed-in person does to their own account. */
@Injectable()
export class OwnAccountService {
  constructor(
    private readonly caller: CallerService,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly twoFactor: TwoFactorService,
  ) {}

  async describe(claims: AccessClaims): Promise<{ user: User; hasTwoFactor: boolean }> {
    const user = await this.caller.identify(claims);
    return { user, hasTwoFactor: (await this.twoFactor.enabled(user.id)) !== null };
  }

  /**
   * The account is gone, and all of its sessions.
   * @throws `credentials_rejected`, `code_required`, `last_administrator`
   */
  async delete(claims: AccessClaims, password: PresentedPassword, factor: PresentedFactor): Promise<void> {
    const user = await this.caller.authenticate(claims, password);
    await this.caller.whileProved(
      user,
      factor,
      async (manager, current) => {
        // Afterwards the refusal would give back the code that was used, and tell that it is good.
        await this.users.keepAnAdministrator(current, manager);
        return this.twoFactor.enabled(user.id, manager);
      },
      async (manager) => {
        await this.sessions.endAll(user.id, manager);
        await this.users.delete(user.id, manager);
        await this.caller.record('account.deleted', user, password.client, manager);
      },
    );
  }
}

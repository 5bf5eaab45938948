import { Injectable } from '@nestjs/common';
import { ThrottlesService } from '../attempts/throttles.service.js';
import { PasswordChangeService } from '../auth/password-change.service.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { about } from '../platform/errors/app.errors.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import { CallerService, type PresentedPassword } from './caller.service.js';

/** A new password of one's own account. */
@Injectable()
export class OwnPasswordService {
  constructor(
    private readonly caller: CallerService,
    private readonly throttles: ThrottlesService,
    private readonly passwords: PasswordsService,
    private readonly passwordChange: PasswordChangeService,
  ) {}

  /**
   * Whoever else is signed in knew the old one: their sessions end, the caller's goes on.
   * @throws `token_rejected`, `credentials_rejected`, `too_many_attempts`, `validation_failed`
   */
  async change(claims: AccessClaims, current: PresentedPassword, password: string): Promise<void> {
    const user = await this.caller.authenticate(claims, current);
    const { address, requestId } = current.client;
    const turn = { address, isKnown: true };
    const hash = await this.passwords.hash(password, { email: user.email, turn, requestId });
    await about(user, this.throttles.countChange(user.publicId));
    await this.caller.whileLocked(user, async (locked, manager) => {
      await this.passwordChange.apply(locked, hash, manager, { sessionId: claims.sid, address });
      await this.caller.record('account.password_changed', user, current.client, manager);
    });
  }
}

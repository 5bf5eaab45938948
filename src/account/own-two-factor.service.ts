import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { AppError } from '../platform/errors/app.errors.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import { SessionsService, type Client } from '../sessions/sessions.service.js';
import { otpauthUrl } from '../two-factor/totp.js';
import type { TwoFactor } from '../two-factor/two-factor.entity.js';
import { twoFactorErrors } from '../two-factor/two-factor.errors.js';
import { TwoFactorService, type PresentedFactor } from '../two-factor/two-factor.service.js';
import type { User } from '../users/user.entity.js';
import { CallerService, type PresentedPassword } from './caller.service.js';

/** Turning one's own second factor on and off. */
@Injectable()
export class OwnTwoFactorService {
  constructor(
    private readonly caller: CallerService,
    private readonly sessions: SessionsService,
    private readonly twoFactor: TwoFactorService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async status(claims: AccessClaims): Promise<{ confirmedAt: number | null; recoveryCodesLeft: number }> {
    const { id } = await this.caller.identify(claims);
    const factor = await this.twoFactor.enabled(id);
    return {
      confirmedAt: factor?.confirmedAt ?? null,
      recoveryCodesLeft: factor ? await this.twoFactor.countRecoveryCodes(id) : 0,
    };
  }

  /** A new secret, and the URL that tells it to an app. @throws `credentials_rejected`, `two_factor_enabled` */
  async enrol(claims: AccessClaims, password: PresentedPassword): Promise<{ secret: Buffer; url: string }> {
    const user = await this.caller.authenticate(claims, password);
    const secret = await this.caller.whileLocked(user, async (_, manager) => {
      await this.caller.record('two_factor.begun', user, password.client, manager);
      return this.twoFactor.enrol(user.id, manager);
    });
    return { secret, url: otpauthUrl(secret, this.config.totpIssuer, user.email) };
  }

  /**
   * Turns it on. The caller's other sessions, opened without it, end.
   * @throws `credentials_rejected`, `two_factor_not_started`, `two_factor_enabled`
   */
  async confirm(claims: AccessClaims, code: string, client: Client): Promise<string[]> {
    const user = await this.caller.identify(claims);
    return this.caller.whileProved(
      user,
      { code, requestId: client.requestId },
      (manager) => this.twoFactor.unconfirmed(user.id, manager),
      async (manager) => {
        await this.sessions.endAll(user.id, manager, claims.sid);
        await this.caller.record('two_factor.enabled', user, client, manager);
        return this.twoFactor.confirm(user.id, manager);
      },
    );
  }

  /** Turns it off; other sessions end. @throws `credentials_rejected`, `code_required`, `two_factor_not_enabled` */
  async disable(claims: AccessClaims, password: PresentedPassword, factor: PresentedFactor): Promise<void> {
    const user = await this.caller.authenticate(claims, password);
    await this.caller.whileProved(
      user,
      factor,
      (manager) => this.on(user, manager),
      async (manager) => {
        await this.sessions.endAll(user.id, manager, claims.sid);
        await this.twoFactor.remove(user.id, manager);
        await this.caller.record('two_factor.disabled', user, password.client, manager);
      },
    );
  }

  /** @throws `credentials_rejected`, `code_required`, `two_factor_not_enabled` */
  async renewRecoveryCodes(
    claims: AccessClaims,
    password: PresentedPassword,
    factor: PresentedFactor,
  ): Promise<string[]> {
    const user = await this.caller.authenticate(claims, password);
    return this.caller.whileProved(
      user,
      factor,
      (manager) => this.on(user, manager),
      async (manager) => {
        await this.caller.record('two_factor.recovery_codes_renewed', user, password.client, manager);
        return this.twoFactor.renewRecoveryCodes(user.id, manager);
      },
    );
  }

  private async on(user: User, manager: EntityManager): Promise<TwoFactor> {
    const factor = await this.twoFactor.enabled(user.id, manager);
    if (!factor) throw new AppError(twoFactorErrors.two_factor_not_enabled);
    return factor;
  }
}

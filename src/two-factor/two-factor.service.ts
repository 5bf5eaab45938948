import { randomBytes } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, MoreThan, Repository, type EntityManager } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { EncryptionService } from '../platform/crypto/encryption.service.js';
import { statement } from '../platform/database/statement.js';
import { AppError } from '../platform/errors/app.errors.js';
import { afterFailure, isSpent } from './code-budget.js';
import { isEnabled } from './enabled.js';
import { canonicalRecoveryCode, generateRecoveryCodes, hashRecoveryCode } from './recovery-code.js';
import { RecoveryCode } from './recovery-code.entity.js';
import { driftOf, isTotpSecret, matchedStep, TOTP_SECRET_BYTES } from './totp.js';
import { TwoFactor } from './two-factor.entity.js';
import { twoFactorErrors } from './two-factor.errors.js';
import { isGuess, wrongCode, type FactorVerdict } from './verdict.js';

/** The second factor as it was presented, one of the two or neither, and by which request. */
export interface PresentedFactor {
  requestId: string;
  code?: string | undefined;
  recoveryCode?: string | undefined;
}

/**
 * TOTP secrets and recovery codes. Every method that takes a `manager` relies on the caller's transaction holding the account's row,
 * which puts all attempts on one account into a line.
 */
@Injectable()
export class TwoFactorService {
  private readonly logger = new Logger(TwoFactorService.name);

  constructor(
    @InjectRepository(TwoFactor) private readonly factors: Repository<TwoFactor>,
    private readonly encryption: EncryptionService,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Puts a new unconfirmed secret in place of an unconfirmed one. @throws `two_factor_enabled` */
  async enrol(userId: number, manager: EntityManager): Promise<Buffer> {
    const factor = await manager.findOneBy(TwoFactor, { userId });
    if (factor?.confirmedAt) throw new AppError(twoFactorErrors.two_factor_enabled);
    const secret = randomBytes(TOTP_SECRET_BYTES);
    const encrypted = this.encryption.encrypt(secret, secretContext(userId));
    // The budget of wrong codes stays: asking again is no way to renew it.
    if (factor) await manager.update(TwoFactor, { userId }, { secret: encrypted });
    else
      await manager.insert(TwoFactor, { userId, secret: encrypted, confirmedAt: null, lastUsedStep: null });
    return secret;
  }

  /** The account's factor where it is on: its login asks for a code. */
  async enabled(userId: number, manager: EntityManager = this.factors.manager): Promise<TwoFactor | null> {
    return (await isEnabled(userId, manager)) ? manager.findOneByOrFail(TwoFactor, { userId }) : null;
  }

  /** Which of these accounts have it on. */
  async enabledAmong(userIds: readonly number[]): Promise<Set<number>> {
    const factors = await this.factors.findBy({ userId: In(userIds), confirmedAt: MoreThan(0) });
    return new Set(factors.map(({ userId }) => userId));
  }

  /** The account's factor where its enrolment waits for a first code. @throws `two_factor_enabled`, `two_factor_not_started` */
  async unconfirmed(userId: number, manager: EntityManager): Promise<TwoFactor> {
    const factor = await manager.findOneBy(TwoFactor, { userId });
    if (!factor) throw new AppError(twoFactorErrors.two_factor_not_started);
    if (factor.confirmedAt) throw new AppError(twoFactorErrors.two_factor_enabled);
    return factor;
  }

  /** Turns a factor on whose code was accepted just now. */
  async confirm(userId: number, manager: EntityManager): Promise<string[]> {
    await manager.update(TwoFactor, { userId }, { confirmedAt: this.clock.now() });
    return this.renewRecoveryCodes(userId, manager);
  }

  /** Ten new recovery codes, to be shown once; those from before are void. */
  async renewRecoveryCodes(userId: number, manager: EntityManager): Promise<string[]> {
    const codes = generateRecoveryCodes();
    const createdAt = this.clock.now();
    await manager.delete(RecoveryCode, { userId });
    await manager.insert(
      RecoveryCode,
      codes.map((code) => ({
        userId,
        codeHash: hashRecoveryCode(userId, code.replaceAll('-', '')),
        createdAt,
      })),
    );
    return codes;
  }

  countRecoveryCodes(userId: number): Promise<number> {
    return this.factors.manager.countBy(RecoveryCode, { userId });
  }

  /** Turns it off, and forgets all of it, an enrolment that was begun too. Whether it was on. */
  async remove(userId: number, manager: EntityManager): Promise<boolean> {
    const wasOn = await isEnabled(userId, manager);
    await manager.delete(RecoveryCode, { userId });
    await manager.delete(TwoFactor, { userId });
    return wasOn;
  }

  /**
   * Decides on a presented code, and uses it up. A wrong one spends a try of the account's budget, which counts once the
   * transaction commits: the caller must commit a refusal too. A failure of ours rolls back, and spends nothing.
   */
  async verify(
    factor: TwoFactor,
    { code, recoveryCode, requestId }: PresentedFactor,
    manager: EntityManager,
  ): Promise<FactorVerdict> {
    const { userId } = factor;
    const now = this.clock.now();
    if (isSpent(factor, now)) return { reason: 'code_budget_spent' };
    const verdict =
      code === undefined
        ? await this.useRecoveryCode(factor, recoveryCode ?? '', manager)
        : await this.useCode(factor, code, manager);
    if (isGuess(verdict)) {
      await manager.update(TwoFactor, { userId }, afterFailure(factor, now));
    }
    if (verdict.reason === 'accepted') await manager.update(TwoFactor, { userId }, { failedCodes: 0 });
    if (verdict.reason === 'secret_unreadable')
      this.logger.error({ msg: ALARM, request_id: requestId, user_id: userId });
    return verdict;
  }

  /** Encrypts anew under the current key every secret that is not. Returns how many, and how many cannot be read. */
  async reencryptAll(): Promise<{ reencrypted: number; unreadable: number }> {
    const result = { reencrypted: 0, unreadable: 0 };
    let after = 0;
    for (;;) {
      const batch = await this.factors.find({
        where: { userId: MoreThan(after) },
        order: { userId: 'ASC' },
        take: 500,
      });
      for (const factor of batch) {
        if (this.encryption.isCurrent(factor.secret)) continue;
        const secret = this.encryption.decrypt(factor.secret, secretContext(factor.userId));
        if (secret) result.reencrypted += await this.reencrypt(factor, secret, this.factors.manager);
        else result.unreadable += 1;
      }
      after = batch.at(-1)?.userId ?? after;
      if (batch.length < 500) return result;
    }
  }

  /** RFC 6238 §5.2: each time step once. Steps only move forward, in one conditional UPDATE. */
  private async useCode(factor: TwoFactor, code: string, manager: EntityManager): Promise<FactorVerdict> {
    const secret = this.encryption.decrypt(factor.secret, secretContext(factor.userId));
    if (!secret || !isTotpSecret(secret)) return { reason: 'secret_unreadable' };
    const now = this.clock.now();
    const step = matchedStep(secret, code, now, this.config.totpWindowSteps);
    if (step === undefined) return wrongCode(driftOf(secret, code, now));
    const used = await statement(
      manager,
      `UPDATE two_factor SET last_used_step = $1
       WHERE user_id = $2 AND (last_used_step IS NULL OR last_used_step < $1) RETURNING user_id`,
      [step, factor.userId],
    );
    // Its owner clicking twice, or somebody who looked over a shoulder: no guess, so no try is spent.
    if (used.length === 0) return { reason: 'code_used' };
    if (!this.encryption.isCurrent(factor.secret)) await this.reencrypt(factor, secret, manager);
    return { reason: 'accepted' };
  }

  private async useRecoveryCode(
    factor: TwoFactor,
    text: string,
    manager: EntityManager,
  ): Promise<FactorVerdict> {
    const code = canonicalRecoveryCode(text);
    if (code === undefined) return { reason: 'wrong_recovery_code' };
    const { affected } = await manager.delete(RecoveryCode, {
      userId: factor.userId,
      codeHash: hashRecoveryCode(factor.userId, code),
    });
    return { reason: affected === 1 ? 'accepted' : 'wrong_recovery_code' };
  }

  private async reencrypt(factor: TwoFactor, secret: Buffer, manager: EntityManager): Promise<number> {
    const { affected } = await manager.update(
      TwoFactor,
      { userId: factor.userId, secret: factor.secret },
      { secret: this.encryption.encrypt(secret, secretContext(factor.userId)) },
    );
    return affected ?? 0;
  }
}

const ALARM = 'ALARM: a two-factor secret cannot be decrypted; its owner cannot log in';

/** Binds a ciphertext to its account: moved to another row it opens nothing. */
export const secretContext = (userId: number): string => `two-factor secret of user ${userId}`;

import { Injectable } from '@nestjs/common';
import { In, IsNull, Not, type EntityManager } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { EncryptionService } from '../platform/crypto/encryption.service.js';
import { insertRows } from '../platform/database/bulk-insert.js';
import { hashRecoveryCode } from './recovery-code.js';
import { RecoveryCode } from './recovery-code.entity.js';
import { secretContext } from './two-factor.service.js';
import { TwoFactor } from './two-factor.entity.js';

/** An authenticator that its owner has used elsewhere. */
export interface ImportedFactor {
  userId: number;
  /** `isTotpSecret`. */
  secret: Buffer;
  /** Canonical, each once. */
  recoveryCodes: readonly string[];
}

/** An authenticator that an account has. */
export interface KnownFactor {
  /** Undefined: unreadable. */
  secret: Buffer | undefined;
  /** Whether a code of it was accepted here. */
  isUsed: boolean;
}

/** Authenticators by the hundred, on from the start: their owners have them already. */
@Injectable()
export class FactorImportsService {
  constructor(
    private readonly encryption: EncryptionService,
    private readonly clock: Clock,
  ) {}

  /** Of accounts that have none. */
  async insertAll(factors: readonly ImportedFactor[], manager: EntityManager): Promise<void> {
    const now = this.clock.now();
    await insertRows(
      manager,
      { table: 'two_factor', columns: ['user_id', 'secret', 'confirmed_at'] },
      factors.map(({ userId, secret }) => [
        userId,
        this.encryption.encrypt(secret, secretContext(userId)),
        now,
      ]),
    );
    await insertRows(
      manager,
      { table: 'recovery_codes', columns: ['user_id', 'code_hash', 'created_at'] },
      factors.flatMap(({ userId, recoveryCodes }) =>
        recoveryCodes.map((code) => [userId, hashRecoveryCode(userId, code), now]),
      ),
    );
  }

  /** Puts it in the place of what the account had. */
  async replace(factor: ImportedFactor, manager: EntityManager): Promise<void> {
    const { userId } = factor;
    await manager.delete(RecoveryCode, { userId });
    await manager.delete(TwoFactor, { userId });
    await this.insertAll([factor], manager);
  }

  /** What those of these accounts have that have it on. */
  async factorsOf(userIds: readonly number[], manager: EntityManager): Promise<Map<number, KnownFactor>> {
    const factors = await manager.findBy(TwoFactor, { userId: In(userIds), confirmedAt: Not(IsNull()) });
    return new Map(
      factors.map(({ userId, secret, lastUsedStep }) => [
        userId,
        { secret: this.encryption.decrypt(secret, secretContext(userId)), isUsed: lastUsedStep !== null },
      ]),
    );
  }
}

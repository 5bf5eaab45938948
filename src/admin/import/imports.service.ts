import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import { PasswordsService } from '../../passwords/passwords.service.js';
import { isWrappable } from '../../passwords/verifiers/digest.verifier.cjs';
import { isTransient } from '../../platform/database/database.errors.js';
import { FactorImportsService, type KnownFactor } from '../../two-factor/factor-imports.service.js';
import { UserImportsService } from '../../users/user-imports.service.js';
import type { Candidate } from './candidate.js';
import { disabledSince, ImportPlan, type ConflictRule, type Verdict } from './import-plan.js';
import { OverwritingService } from './overwriting.service.js';

/** How often a batch is tried again that met a registration or another import. */
const TRIES = 5;

export interface BatchOptions {
  onConflict: ConflictRule;
  /** Of an account whose row does not say. */
  role: string;
  /** Whether bcrypt is laid over fast hashes. */
  wrap: boolean;
  /** Whether `update` also replaces hashes that were made here, and authenticators that were used here. */
  overwriteCredentials: boolean;
  /** Whether nothing is written. */
  dryRun: boolean;
  /** The preset's name, for the audit. */
  from: string;
  /** Epoch milliseconds. */
  now: number;
}

/** Brings accounts from elsewhere, a batch in a transaction. */
@Injectable()
export class ImportsService {
  constructor(
    private readonly userImports: UserImportsService,
    private readonly factorImports: FactorImportsService,
    private readonly overwriting: OverwritingService,
    private readonly passwords: PasswordsService,
    private readonly audit: AuditService,
  ) {}

  /**
   * What became of each of `batch`, of which no two share an e-mail, a number or a public id. With `conflict` among it nothing was
   * written.
   */
  async importBatch(batch: readonly Candidate[], options: BatchOptions): Promise<Verdict[]> {
    const candidates = options.wrap && !options.dryRun ? await this.wrapAll(batch, options) : batch;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.userImports.transaction((manager) => this.write(candidates, options, manager));
      } catch (error) {
        if (!isTransient(error) || tries === TRIES) throw error;
      }
    }
  }

  private async write(
    candidates: readonly Candidate[],
    options: BatchOptions,
    manager: EntityManager,
  ): Promise<Verdict[]> {
    const plan = await this.planOf(candidates, options, manager);
    const verdicts = candidates.map((candidate) => plan.verdict(candidate));
    if (options.dryRun || verdicts.some(({ outcome }) => outcome === 'conflict')) return verdicts;
    const numbers = await this.create(
      candidates.filter((_, i) => verdicts[i]?.outcome === 'created'),
      options,
      manager,
    );
    for (const [i, verdict] of verdicts.entries()) verdicts[i] = await this.overwrite(verdict, manager);
    const updated = verdicts.filter(({ outcome }) => outcome === 'updated').length;
    if (numbers.length > 0 || updated > 0) {
      const range = { first: Math.min(...numbers), last: Math.max(...numbers) };
      const details = { from: options.from, created: numbers.length, updated };
      await this.audit.recordBatch({ ...details, ...(numbers.length > 0 && range) }, manager);
    }
    return verdicts;
  }

  private async planOf(
    candidates: readonly Candidate[],
    { onConflict, now, overwriteCredentials }: BatchOptions,
    manager: EntityManager,
  ): Promise<ImportPlan> {
    const given = <T>(values: (T | undefined)[]): T[] => values.filter((value) => value !== undefined);
    const emails = candidates.map(({ email }) => email);
    const ids = given(candidates.map(({ id }) => id));
    const publicIds = given(candidates.map(({ publicId }) => publicId));
    const accounts = await this.userImports.findAny({ emails, ids, publicIds }, manager);
    const factors =
      accounts.length > 0
        ? await this.factorImports.factorsOf(
            accounts.map(({ id }) => id),
            manager,
          )
        : new Map<number, KnownFactor>();
    const isOurs = (hash: string): boolean => this.passwords.isOurs(hash);
    const known = { accounts, factors, isOurs, keepsOurs: !overwriteCredentials };
    return new ImportPlan(known, onConflict, now);
  }

  /** Returns their numbers. */
  private async create(
    candidates: readonly Candidate[],
    { role, now }: BatchOptions,
    manager: EntityManager,
  ): Promise<number[]> {
    const users = candidates.map((candidate) => ({
      id: candidate.id,
      publicId: candidate.publicId,
      email: candidate.email,
      passwordHash: candidate.passwordHash ?? null,
      role: candidate.role ?? role,
      disabledAt: disabledSince(candidate.disabled, now) ?? null,
      createdAt: candidate.createdAt ?? now,
    }));
    const numbers = await this.userImports.insertAll(users, manager);
    const factors = candidates.flatMap(({ email, secret, recoveryCodes }) => {
      const userId = numbers.get(email);
      return secret && userId !== undefined ? [{ userId, secret, recoveryCodes }] : [];
    });
    await this.factorImports.insertAll(factors, manager);
    return [...numbers.values()];
  }

  private async overwrite(verdict: Verdict, manager: EntityManager): Promise<Verdict> {
    if (verdict.outcome !== 'updated') return verdict;
    const { account, changes } = verdict;
    if (await this.overwriting.overwrite(account, changes, manager)) return verdict;
    return { outcome: 'rejected', reason: 'its account is the last administrator, who must stay' };
  }

  /** Outside the transaction: it takes bcrypt's time for each. */
  private async wrapAll(batch: readonly Candidate[], options: BatchOptions): Promise<readonly Candidate[]> {
    const plan = await this.userImports.transaction((manager) => this.planOf(batch, options, manager));
    return Promise.all(
      batch.map(async (candidate) => {
        const { passwordHash, kind } = candidate;
        const { outcome } = plan.verdict(candidate);
        const isWritten = outcome === 'created' || outcome === 'updated';
        if (!isWritten || passwordHash === undefined || !isWrappable(kind)) return candidate;
        return { ...candidate, passwordHash: await this.passwords.wrap(passwordHash) };
      }),
    );
  }
}

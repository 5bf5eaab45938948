import type { ImportedFactor, KnownFactor } from '../../two-factor/factor-imports.service.js';
import type { User } from '../../users/user.entity.js';
import type { Candidate } from './candidate.js';

/** What becomes of a row whose e-mail has an account that is not as the row says. */
export type ConflictRule = 'skip' | 'update' | 'fail';

/** How an account differs from its row; where something is undefined it does not, or the row does not say. */
export interface Changes {
  passwordHash?: string;
  role?: string;
  disabledAt?: number | null;
  factor?: ImportedFactor;
}

export type Verdict =
  | { outcome: 'created' | 'unchanged' | 'skipped' | 'conflict' }
  | { outcome: 'updated'; account: User; changes: Changes }
  | { outcome: 'rejected'; reason: string };

/** What is known of the accounts that a batch may meet. */
export interface Known {
  accounts: readonly User[];
  /** Of those with two-factor on. */
  factors: ReadonlyMap<number, KnownFactor>;
  /** Whether a stored hash was made here, and so is newer than what the file says. */
  isOurs: (hash: string) => boolean;
  /** Whether such hashes, and authenticators that were used here, stay. */
  keepsOurs: boolean;
}

/** Decides what becomes of the rows of one batch, of which no two share an e-mail, a number or a public id. */
export class ImportPlan {
  private readonly byEmail: Map<string, User>;
  private readonly byId: Map<number, User>;
  private readonly byPublicId: Map<string, User>;

  constructor(
    private readonly known: Known,
    private readonly rule: ConflictRule,
    /** Epoch milliseconds. */
    private readonly now: number,
  ) {
    const { accounts } = known;
    this.byEmail = new Map(accounts.map((account) => [account.email, account]));
    this.byId = new Map(accounts.map((account) => [account.id, account]));
    this.byPublicId = new Map(accounts.map((account) => [account.publicId, account]));
  }

  verdict(candidate: Candidate): Verdict {
    const account = this.byEmail.get(candidate.email);
    if (!account) return this.newcomer(candidate);
    const changes = this.changesOf(account, candidate);
    const isOther = this.hasOtherIds(account, candidate);
    if (!isOther && Object.keys(changes).length === 0) return { outcome: 'unchanged' };
    if (this.rule === 'skip') return { outcome: 'skipped' };
    if (this.rule === 'fail') return { outcome: 'conflict' };
    if (isOther)
      return rejected('its e-mail has an account of another id or public_id, and those never change');
    return { outcome: 'updated', account, changes };
  }

  private newcomer({ id, publicId }: Candidate): Verdict {
    if (id !== undefined && this.byId.has(id))
      return rejected('id is that of an account with another e-mail');
    if (publicId !== undefined && this.byPublicId.has(publicId))
      return rejected('public_id is that of an account with another e-mail');
    return { outcome: 'created' };
  }

  private hasOtherIds(account: User, { id, publicId }: Candidate): boolean {
    return (id ?? account.id) !== account.id || (publicId ?? account.publicId) !== account.publicId;
  }

  private isOlder(stored: string | null, given: string): boolean {
    const { isOurs, keepsOurs } = this.known;
    return stored !== given && !(keepsOurs && stored !== null && isOurs(stored));
  }

  private changesOf(
    account: User,
    { passwordHash, role, disabled, secret, recoveryCodes }: Candidate,
  ): Changes {
    const disabledAt = disabledSince(disabled, this.now);
    const isDisabled = account.disabledAt !== null;
    const { factors, keepsOurs } = this.known;
    const factor = factors.get(account.id);
    // Where the secret is the same its recovery codes are left: some of them may have been used since.
    const isKept = secret === undefined || (keepsOurs && factor?.isUsed) || factor?.secret?.equals(secret);
    return {
      ...(passwordHash !== undefined && this.isOlder(account.passwordHash, passwordHash) && { passwordHash }),
      ...(role !== undefined && role !== account.role && { role }),
      ...(disabledAt !== undefined && (disabledAt !== null) !== isDisabled && { disabledAt }),
      ...(!isKept && { factor: { userId: account.id, secret, recoveryCodes } }),
    };
  }
}

/** Null: not; undefined: nobody says. */
export function disabledSince(disabled: Candidate['disabled'], now: number): number | null | undefined {
  if (disabled === undefined) return undefined;
  if (disabled === false) return null;
  return disabled === true ? now : disabled;
}

const rejected = (reason: string): Verdict => ({ outcome: 'rejected', reason });

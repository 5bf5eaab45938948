/**
 * `accepted`, or why not: the reason is for the log, clients are told the same for all. `clock_behind` and `clock_ahead`: wrong now,
 * and right so many `steps` of 30 s ago, or in so many.
 */
export interface FactorVerdict {
  reason:
    | 'accepted'
    | 'wrong_code'
    | 'clock_behind'
    | 'clock_ahead'
    | 'code_used'
    | 'wrong_recovery_code'
    | 'code_budget_spent'
    | 'secret_unreadable';
  evidence?: { steps: number };
}

/** Whether a refusal was a guess, or could have been one: it spends a try. */
export const isGuess = ({ reason }: FactorVerdict): boolean =>
  ['wrong_code', 'clock_behind', 'clock_ahead', 'wrong_recovery_code'].includes(reason);

/** The verdict on a code that is not right now; `drift`: when it is, in steps from now. */
export function wrongCode(drift: number | undefined): FactorVerdict {
  if (drift === undefined) return { reason: 'wrong_code' };
  return { reason: drift < 0 ? 'clock_behind' : 'clock_ahead', evidence: { steps: Math.abs(drift) } };
}

/** How a second factor was given at a login. */
export type UsedFactor = 'none' | 'code' | 'recovery_code';

/** What `details` hold of an event that has none. */
export type Nothing = Record<string, never>;

/**
 * Everything that is recorded of what was done, by name, with what its details say: `docs/events.md` describes each. Neither an
 * e-mail address nor anything secret belongs into details.
 */
export interface EventDetails {
  'login.succeeded': { session: string; second_factor: UsedFactor };
  'session.ended': { session: string; cause: 'signed_out' | 'ended' | 'too_many_sessions' };
  /** Every session but the one that asked. */
  'session.others_ended': Nothing;
  'session.all_ended': Nothing;
  /** RFC 9700 §4.14.2: a token came again that had its successor. */
  'session.token_reused': { session: string };
  'two_factor.begun': Nothing;
  'two_factor.enabled': Nothing;
  'two_factor.disabled': Nothing;
  'two_factor.recovery_codes_renewed': Nothing;
  /** By an administrator, for somebody who lost it. */
  'two_factor.reset': Nothing;
  'account.created': { role: string; has_password: boolean };
  /** By its owner, who has confirmed the address where that is asked for. */
  'account.registered': Nothing;
  'account.disabled': Nothing;
  'account.enabled': Nothing;
  'account.deleted': Nothing;
  'account.email_changed': Nothing;
  'account.password_changed': Nothing;
  /** Its hash was made anew, in another form, of the same password: kinds as in docs/password-hashes.md. */
  'account.password_upgraded': { from: string; to: string };
  /** By a mailed token. */
  'account.password_reset': Nothing;
  'account.password_reset_requested': Nothing;
  'account.role_changed': { from: string; to: string };
  /** By an import; `changed`: what of it. */
  'account.overwritten': { changed: string[] };
}

export type EventName = keyof EventDetails;

/** A batch of an import: `first` and `last` of the numbers that were created. In the audit as `accounts.imported`, and told to nobody. */
export interface ImportedBatch {
  from: string;
  created: number;
  updated: number;
  first?: number;
  last?: number;
}

/** What listeners of one's own and webhooks are given. */
export interface GatehouseEvent<Name extends EventName = EventName> {
  /** A UUID of version 7: the same in the audit and, of however many deliveries, in the webhook. */
  id: string;
  event: Name;
  /** ISO 8601, UTC, milliseconds. */
  at: string;
  /** The account that it is about: its public id, and its number. */
  account: { id: string; number: number };
  /** Who did it: an account's public id, `command line`, or null where it was nobody. */
  actor: string | null;
  /** The IP address that it came from. */
  address: string | null;
  request_id: string | null;
  details: EventDetails[Name];
}

/** Who did it, by which request and where from. */
export interface Origin {
  /** An account's public id, or `command line`. */
  actor: string | null;
  address: string | null;
  requestId: string | null;
}

/** Whoever has a shell on the machine. */
export const OPERATOR: Origin = { actor: 'command line', address: null, requestId: null };

/** Somebody who does it to their own account. */
export const byOwner = (
  { publicId }: { publicId: string },
  { address, requestId }: { address: string; requestId: string },
): Origin => ({ actor: publicId, address, requestId });

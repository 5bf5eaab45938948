/** A line of the error catalogue: what a client sees, whatever the contract it is written in. */
export interface ErrorDefinition {
  /** Stable name, for logs and documentation. */
  readonly code: string;
  readonly status: number;
  /** The public sentence. */
  readonly sentence: string;
}

/** The faults of one request field, in the order of its rules. */
export type FieldErrors = Readonly<Record<string, readonly { message: string }[]>>;

/** An account by its public id, and by its number where that is at hand. */
export interface AccountName {
  readonly publicId: string;
  readonly id?: number;
}

export interface ErrorContext {
  /** Why, for the log and never for the client: a short reason code such as `wrong_password`. */
  reason?: string;
  /** What makes the reason plainer, for the audit and never for the client; nothing secret. */
  evidence?: Readonly<Record<string, string | number | boolean>>;
  /** Whose account it is about, where that is known, for the audit and never for the client. */
  account?: AccountName;
  /** The error that led here, for the log. */
  cause?: unknown;
  /** For `validation_failed`: the faulty fields. */
  details?: FieldErrors;
  /** For 429 and 503: when to come back. */
  retryAfterSeconds?: number;
  /** For 405: the methods that the path has. */
  allow?: readonly string[];
}

/** The only thing our code throws at a client: an entry of the catalogue, and what we know about why. */
export class AppError extends Error {
  override readonly name = 'AppError';

  constructor(
    readonly definition: ErrorDefinition,
    readonly context: ErrorContext = {},
  ) {
    // Nobody reads where a refusal was thrown, and walking the stack costs more than most of them take to decide.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(definition.code, { cause: context.cause });
    Error.stackTraceLimit = stackTraceLimit;
  }

  /** The sentence shown: of the first faulty field where there is one, else the definition's. */
  get sentence(): string {
    return Object.values(this.context.details ?? {})[0]?.[0]?.message ?? this.definition.sentence;
  }
}

/** Only the names: whatever else `account` holds stays out of errors. */
export const nameOf = ({ publicId, id }: AccountName): AccountName => ({
  publicId,
  ...(id !== undefined && { id }),
});

/** Adds to whatever refuses in `work` that it was about `account`, where there is one. */
export async function about<T>(account: AccountName | null, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AppError) || !account) throw error;
    throw new AppError(error.definition, { ...error.context, account: nameOf(account) });
  }
}

/** Declares catalogue entries; each key is the entry's code. */
export function defineErrors<const T extends Record<string, Omit<ErrorDefinition, 'code'>>>(
  entries: T,
): { readonly [K in keyof T]: ErrorDefinition } {
  return Object.fromEntries(
    Object.entries(entries).map(([code, entry]) => [code, Object.freeze({ code, ...entry })]),
  ) as { readonly [K in keyof T]: ErrorDefinition };
}

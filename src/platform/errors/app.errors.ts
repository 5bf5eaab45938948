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

export interface ErrorContext {
  /** Why, for the log and never for the client: a short reason code such as `wrong_password`. */
  reason?: string;
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
    super(definition.code, { cause: context.cause });
  }

  /** The sentence shown: of the first faulty field where there is one, else the definition's. */
  get sentence(): string {
    return Object.values(this.context.details ?? {})[0]?.[0]?.message ?? this.definition.sentence;
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

/** A stored hash that was understood, and is cheap enough to be verified. */
export interface ReadableHash {
  /** Stable: accounts are counted by it. */
  readonly kind: string;
  /** Where it is bcrypt's: log2 of its rounds. */
  readonly bcryptCost?: number;
  /** Blocks this thread. May throw where the hash is damaged in a way that its form does not show. */
  verify(password: Buffer): boolean;
}

/** Why a stored hash is never verified: a sentence that does not repeat it. */
export interface Refusal {
  readonly refusal: string;
}

/** Reads the forms of one kind of hash; undefined where `stored` has none of them. */
export type Verifier = (stored: string) => ReadableHash | Refusal | undefined;

/** The refusal where one of the hash's own figures is beyond what a login may cost. */
export function outOfBounds(
  figures: Readonly<Record<string, readonly [value: number, min: number, max: number]>>,
): Refusal | undefined {
  for (const [name, [value, min, max]] of Object.entries(figures))
    if (!(value >= min && value <= max))
      return { refusal: `The hash's ${name} must be from ${min} to ${max}.` };
  return undefined;
}

/** Bytes for one token: a worst-case one of ours has under 1 KB, a longer one is not remembered. */
const SLOT_BYTES = 1_024;
const SLOTS = 2 ** 14;

/**
 * Remembers tokens: each in the one slot that its last characters name, where it replaces the one before. Bytes outside V8's heap:
 * as objects, tokens that live for seconds are what its garbage collector has most to do with, and what its old space grows by.
 */
export class TokenMemory<Claims> {
  /** Zeroed pages, which take memory from the system as they are first written. */
  private readonly bytes = Buffer.alloc(SLOTS * SLOT_BYTES);
  private readonly lengths = new Uint16Array(SLOTS);
  private readonly recalls = new Uint8Array(SLOTS);
  /** Of those that come again and again; a refresh sends its token once. */
  private readonly claims: (Claims | undefined)[] = Array.from({ length: SLOTS });

  /** `read`: the claims in a token that was added. */
  constructor(private readonly read: (token: string) => Claims) {}

  /** @param token ASCII */
  add(token: string): void {
    if (token.length > SLOT_BYTES) return;
    const slot = slotOf(token);
    this.lengths[slot] = this.bytes.write(token, slot * SLOT_BYTES, 'latin1');
    this.recalls[slot] = 0;
    this.claims[slot] = undefined;
  }

  /** The claims of `token`, if this very one was added and not replaced since. */
  recall(token: string): Claims | undefined {
    const slot = slotOf(token);
    if (!this.holds(token, slot)) return undefined;
    if (this.recalls[slot]) return (this.claims[slot] ??= this.read(token));
    this.recalls[slot] = 1;
    return this.read(token);
  }

  private holds(token: string, slot: number): boolean {
    const start = slot * SLOT_BYTES;
    if (token === '' || this.lengths[slot] !== token.length) return false;
    return this.bytes.toString('latin1', start, start + token.length) === token;
  }
}

/** The last but one characters of a signature, 6 random bits each, are as good as a hash; its last has fewer. */
function slotOf(token: string): number {
  let sum = 0;
  for (let at = token.length - 9; at < token.length - 1; at += 1)
    sum = (Math.imul(sum, 31) + token.charCodeAt(at)) | 0;
  return sum & (SLOTS - 1);
}

/** A line in which keys take turns: each key's own first in, first out. */
export class FairLine<T> {
  private readonly waiting = new Map<string, T[]>();

  get size(): number {
    return this.all().length;
  }

  all(): T[] {
    return [...this.waiting.values()].flat();
  }

  /** How many come before a new one of `key`. */
  ahead(key: string): number {
    const own = this.waiting.get(key)?.length ?? 0;
    let ahead = 0;
    for (const entries of this.waiting.values()) ahead += Math.min(entries.length, own + 1);
    return ahead;
  }

  add(key: string, entry: T): void {
    const entries = this.waiting.get(key) ?? [];
    entries.push(entry);
    this.waiting.set(key, entries);
  }

  /** False: it is not in the line. */
  remove(key: string, entry: T): boolean {
    const entries = this.waiting.get(key) ?? [];
    const at = entries.indexOf(entry);
    if (at === -1) return false;
    entries.splice(at, 1);
    if (entries.length === 0) this.waiting.delete(key);
    return true;
  }

  /** Takes the first of the key whose turn is longest ago. */
  next(): T | undefined {
    for (const [key, entries] of this.waiting) {
      const entry = entries.shift();
      this.waiting.delete(key);
      if (entries.length > 0) this.waiting.set(key, entries);
      return entry;
    }
    return undefined;
  }
}

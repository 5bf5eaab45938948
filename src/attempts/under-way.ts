/** How much is under way for each key, in this process: as many keys as have any. */
export class UnderWay {
  private readonly counts = new Map<string, number>();

  of(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  async during<T>(key: string, work: () => Promise<T>): Promise<T> {
    this.counts.set(key, this.of(key) + 1);
    try {
      return await work();
    } finally {
      if (this.of(key) > 1) this.counts.set(key, this.of(key) - 1);
      else this.counts.delete(key);
    }
  }
}

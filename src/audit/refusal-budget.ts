const MINUTE_MS = 60_000;

/** How many refusals may be written down in a minute, in all and from one address; what is beyond is counted by reason. */
export class RefusalBudget {
  private minute = 0;
  private spent = 0;
  private readonly spentBy = new Map<string, number>();
  private leftOut = new Map<string, number>();

  /** 0 is no limit. */
  constructor(private readonly perMinute: number) {}

  /** Whether one more from `address` may be written down. `now`: epoch milliseconds. */
  take(address: string, now: number): boolean {
    this.turn(now);
    if (this.perMinute === 0) return true;
    const own = this.spentBy.get(address) ?? 0;
    // Not more than a tenth from one: whoever floods must not push what others do out of the audit.
    if (this.spent >= this.perMinute || own >= Math.ceil(this.perMinute / 10)) return false;
    this.spent += 1;
    this.spentBy.set(address, own + 1);
    return true;
  }

  count(reason: string, number = 1): void {
    this.leftOut.set(reason, (this.leftOut.get(reason) ?? 0) + number);
  }

  /** How many were left out, by reason, since this was last asked. */
  takeLeftOut(): Record<string, number> | undefined {
    if (this.leftOut.size === 0) return undefined;
    const counts = Object.fromEntries(this.leftOut);
    this.leftOut = new Map();
    return counts;
  }

  private turn(now: number): void {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute === this.minute) return;
    this.minute = minute;
    this.spent = 0;
    this.spentBy.clear();
  }
}

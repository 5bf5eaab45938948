import { randomBytes } from 'node:crypto';

/** Two clock readings this close are one moment: ids made in it go on counting. */
const SAME_MOMENT_MS = 1_000;
const COUNTER_MAX = 0xfff;

/** Makes UUIDs of version 7 (RFC 9562 §5.7): in the order of their text they are in the order of their making. */
export class EventIds {
  private milliseconds = 0;
  private counter = 0;

  /** `now`: epoch milliseconds. */
  next(now: number): string {
    const ahead = this.milliseconds - now;
    if (ahead < 0 || ahead > SAME_MOMENT_MS) [this.milliseconds, this.counter] = [now, 0];
    else if (this.counter < COUNTER_MAX) this.counter += 1;
    else [this.milliseconds, this.counter] = [this.milliseconds + 1, 0];
    const random = randomBytes(8);
    // The variant's two bits.
    random.writeUInt8((random.readUInt8(0) & 0x3f) | 0x80, 0);
    return uuid(this.milliseconds, this.counter, random.toString('hex'));
  }
}

/** What no id made from `instant` (epoch milliseconds) on is less than. */
export const firstIdAt = (instant: number): string => uuid(Math.max(0, instant), 0, '0'.repeat(16));

function uuid(milliseconds: number, counter: number, random: string): string {
  const time = milliseconds.toString(16).padStart(12, '0');
  const count = counter.toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${random.slice(0, 4)}-${random.slice(4)}`;
}

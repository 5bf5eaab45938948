import { Injectable } from '@nestjs/common';

/** The one source of time: whatever expires asks it, and tests move it. */
@Injectable()
export class Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number {
    return Date.now();
  }

  /** Milliseconds that passed since some fixed moment: no change of the system's time moves it. */
  monotonic(): number {
    return performance.now();
  }
}

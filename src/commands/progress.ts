import type { Clock } from '../platform/clock/clock.service.js';

const BAR = 24;
const PAUSE_MS = { terminal: 100, plain: 5_000 };

/** How far something long has come, on standard error: a bar on a terminal, elsewhere a line now and then. */
export class Progress {
  private readonly startedAt: number;
  private toldAt: number;

  /** `total`: in bytes; undefined where nobody knows. */
  constructor(
    private readonly total: number | undefined,
    private readonly clock: Clock,
    private readonly output: NodeJS.WriteStream = process.stderr,
  ) {
    this.startedAt = this.toldAt = clock.monotonic();
  }

  /** `bytes` and `rows` so far. */
  tell(bytes: number, rows: number): void {
    const now = this.clock.monotonic();
    if (now - this.toldAt < (this.output.isTTY ? PAUSE_MS.terminal : PAUSE_MS.plain)) return;
    this.toldAt = now;
    const share = this.total === undefined ? undefined : Math.min(1, bytes / Math.max(1, this.total));
    const rate = Math.round((rows / (now - this.startedAt)) * 1_000);
    const percent = share === undefined ? '' : `${Math.floor(share * 100)} %, `;
    const text = `${percent}${rows} rows, ${rate} a second`;
    this.output.write(this.output.isTTY ? `\r\u001b[K${barOf(share)}${text}` : `${text}\n`);
  }

  /** A line of its own, between. */
  say(line: string): void {
    this.output.write(`${this.output.isTTY ? '\r\u001b[K' : ''}${line}\n`);
  }

  end(): void {
    if (this.output.isTTY) this.output.write('\r\u001b[K');
  }
}

const barOf = (share: number | undefined): string => {
  if (share === undefined) return '';
  const done = Math.round(share * BAR);
  return `[${'#'.repeat(done)}${' '.repeat(BAR - done)}] `;
};

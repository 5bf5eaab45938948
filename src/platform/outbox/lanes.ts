import type { LeasedJob } from './leases.service.js';

/** How many jobs of a family an instance does at once: one that waits for a slow host does not hold up the rest. */
const LANES = 4;

/** What lanes are told to do. */
interface Work {
  claim(): Promise<LeasedJob | undefined>;
  run(job: LeasedJob): Promise<void>;
  failed(error: unknown): void;
}

/** Does the jobs of one family, beside those of the others: a receiver of webhooks that hangs holds up no mail. */
export class Lanes {
  readonly running = new Set<Promise<void>>();
  private calls = 0;

  constructor(private readonly work: Work) {}

  /** Begins one more line of jobs, one after the other, where there are not enough. */
  start(): void {
    this.calls += 1;
    if (this.running.size >= LANES) return;
    const lane = this.doJobs()
      .catch((error: unknown) => this.work.failed(error))
      .finally(() => this.running.delete(lane));
    this.running.add(lane);
  }

  private async doJobs(): Promise<void> {
    let calls: number;
    let isMore: boolean;
    do {
      calls = this.calls;
      const job = await this.work.claim();
      isMore = job !== undefined;
      if (!job) continue;
      // Where there was one there may be another.
      this.start();
      await this.work.run(job);
      // Called in the meantime, for a job that `claim` cannot have seen: it looks again.
    } while (isMore || calls !== this.calls);
  }
}

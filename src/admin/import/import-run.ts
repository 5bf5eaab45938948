import { candidateOf, type Candidate, type Reading } from './candidate.js';
import type { ConflictRule } from './import-plan.js';
import type { BatchOptions, ImportsService } from './imports.service.js';
import { Refusal, type Row } from './row.js';

/** Few enough that nobody waits noticeably behind one, and enough that a commit costs little of each row. */
const BATCH = 2_000;

/** What became of the rows of an import. */
export interface Tally {
  read: number;
  created: number;
  updated: number;
  unchanged: number;
  skipped: number;
  rejected: number;
  /** Rows that are good, with a second factor. */
  two_factor: number;
  /** Rows that are good, by the kind of their hash; `none` without one. */
  kinds: Record<string, number>;
}

export interface ImportListeners {
  rejected(row: Row, reason: string): void | Promise<void>;
  progress(tally: Tally): void;
}

/** Ends an import: the account of that row is there already. */
export class ImportConflict extends Error {
  override readonly name = 'ImportConflict';

  constructor(readonly line: number) {
    super('an account is there already');
  }
}

/** An import from its first row to its last, of which a batch is held at a time. */
export class ImportRun {
  readonly tally: Tally = {
    read: 0,
    created: 0,
    updated: 0,
    unchanged: 0,
    skipped: 0,
    rejected: 0,
    two_factor: 0,
    kinds: {},
  };
  private batch: { row: Row; candidate: Candidate }[] = [];
  /** What the rows of this batch are told apart by; of a dry run all rows', since none is in the database. */
  private readonly taken = new Set<string>();
  /** The batch before, which is written while this one is read. */
  private written: Promise<void> = Promise.resolve();

  constructor(
    private readonly imports: ImportsService,
    private readonly reading: Reading,
    private readonly options: BatchOptions,
    private readonly listeners: ImportListeners,
  ) {}

  /** @throws ImportConflict, after which the batches before stay */
  async run(input: AsyncIterable<readonly Row[]>): Promise<Tally> {
    try {
      for await (const rows of input) {
        for (const row of rows) {
          // A promise for each would cost as much as reading it.
          const waiting = this.take(row);
          if (waiting) await waiting;
        }
      }
      await this.flush();
    } finally {
      await this.written;
    }
    return this.tally;
  }

  private take(row: Row): Promise<void> | undefined {
    this.tally.read += 1;
    const candidate = this.candidateOf(row);
    if (candidate instanceof Refusal) return this.reject(row, candidate.message);
    this.count(candidate);
    const keys = keysOf(candidate);
    const isTaken = keys.some((key) => this.taken.has(key));
    if (isTaken && this.options.dryRun) return this.takeAgain(row, candidate);
    // What an earlier row of the batch is to be, this one has to meet: they may not share a batch.
    const waiting = isTaken || this.batch.length === BATCH ? this.flush() : undefined;
    for (const key of keys) this.taken.add(key);
    this.batch.push({ row, candidate });
    return waiting;
  }

  private candidateOf({ fields, fault }: Row): Candidate | Refusal {
    if (!fields) return new Refusal(fault);
    try {
      return candidateOf(fields, this.reading);
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  private count({ kind, secret }: Candidate): void {
    this.tally.kinds[kind] = (this.tally.kinds[kind] ?? 0) + 1;
    if (secret) this.tally.two_factor += 1;
  }

  /** A dry run's row of something that an earlier one would have taken. */
  private takeAgain(row: Row, { email }: Candidate): Promise<void> | undefined {
    if (!this.taken.has(email)) return this.reject(row, 'id or public_id is that of an earlier row');
    const outcomes = { skip: 'skipped', update: 'updated' } as const;
    const rule: ConflictRule = this.options.onConflict;
    if (rule === 'fail') throw new ImportConflict(row.line);
    this.tally[outcomes[rule]] += 1;
    return undefined;
  }

  /** Takes the batch away, and begins to write it once the one before is written. */
  private async flush(): Promise<void> {
    const batch = this.batch;
    this.batch = [];
    if (!this.options.dryRun) this.taken.clear();
    // From here on another batch may begin.
    await this.written;
    if (batch.length > 0) this.written = this.write(batch);
    // It is awaited before the next, also where reading fails.
    this.written.catch(() => undefined);
  }

  private async write(batch: readonly { row: Row; candidate: Candidate }[]): Promise<void> {
    const verdicts = await this.imports.importBatch(
      batch.map(({ candidate }) => candidate),
      this.options,
    );
    for (const [i, verdict] of verdicts.entries()) {
      const { row } = batch[i] as { row: Row };
      if (verdict.outcome === 'conflict') throw new ImportConflict(row.line);
      if (verdict.outcome === 'rejected') await this.reject(row, verdict.reason);
      else this.tally[verdict.outcome] += 1;
    }
    this.listeners.progress(this.tally);
  }

  private async reject(row: Row, reason: string): Promise<void> {
    this.tally.rejected += 1;
    await this.listeners.rejected(row, reason);
  }
}

function keysOf({ email, id, publicId }: Candidate): string[] {
  const keys = [email];
  if (id !== undefined) keys.push(`#${id}`);
  if (publicId !== undefined) keys.push(`@${publicId}`);
  return keys;
}

import { open, stat, type FileHandle } from 'node:fs/promises';
import type { Row } from './row.js';

/** The rows that were not taken, as they came, for their owner only: they hold hashes. */
export class RejectsFile {
  private isEmpty = true;
  /** The rows of two batches are rejected at the same time. */
  private written: Promise<void> = Promise.resolve();

  private constructor(private readonly file: FileHandle) {}

  /** In place of what was there. Undefined: it is the file `input`. */
  static async create(path: string, input: string): Promise<RejectsFile | undefined> {
    const [there, source] = await Promise.all([path, input].map((each) => stat(each).catch(() => undefined)));
    if (there && there.ino === source?.ino && there.dev === source.dev) return undefined;
    const file = await open(path, 'w', 0o600);
    // It may have been there already, with a mode of its own; a device such as /dev/null has to keep that.
    if ((await file.stat()).isFile()) await file.chmod(0o600);
    return new RejectsFile(file);
  }

  add({ header, raw }: Row): Promise<void> {
    const bytes = Buffer.from(this.isEmpty ? header + raw : raw, 'latin1');
    this.isEmpty = false;
    this.written = this.written.then(() => this.file.appendFile(bytes));
    return this.written;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

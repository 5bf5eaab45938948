import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';

/** All that is left, in one step: between two, another process's write would begin the copy anew, under load for ever. */
const ALL_PAGES = 0x7fffffff;
const PATIENCE_MS = 10_000;

/** Why there is no backup: a line for the operator. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/**
 * Copies the embedded database in `dataDir`, as of one moment, while servers go on writing, to `file`: new, 0600, checked, on the disk.
 * Returns its size in bytes.
 * @throws BackupError
 */
export async function backUp(dataDir: string, file: string): Promise<number> {
  const source = join(dataDir, 'gatehouse.sqlite');
  if (!existsSync(source)) throw new BackupError(`there is no database at ${source}; check DATA_DIR`);
  if (existsSync(file)) throw new BackupError(`${file} is there already, and is not overwritten`);
  const temporary = join(dirname(file), `.${randomUUID()}.partial`);
  try {
    // Its mode decides: SQLite would make it readable by the umask's leave.
    closeSync(openSync(temporary, 'wx', 0o600));
    await copy(source, temporary);
    check(temporary);
    flush(temporary);
    // A link never replaces, unlike a rename: whoever was first stays.
    linkSync(temporary, file);
    flush(dirname(file));
    return statSync(file).size;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof BackupError || code === undefined) throw error;
    throw new BackupError(code === 'EEXIST' ? `${file} is there already, and is not overwritten` : message);
  } finally {
    for (const end of ['', '-journal', '-wal', '-shm']) rmSync(temporary + end, { force: true });
  }
}

async function copy(source: string, target: string): Promise<void> {
  const database = new Database(source, { readonly: true, timeout: PATIENCE_MS });
  try {
    await database.backup(target, { progress: () => ALL_PAGES });
  } finally {
    database.close();
  }
}

/** Reads it all back. In one file: a copy in WAL mode would leave two more beside it. */
function check(file: string): void {
  const database = new Database(file);
  try {
    database.pragma('journal_mode = DELETE');
    const verdict = database.pragma('integrity_check', { simple: true });
    if (verdict !== 'ok')
      throw new BackupError(`the copy is damaged (${String(verdict)}), and so is the database`);
  } finally {
    database.close();
  }
}

function flush(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

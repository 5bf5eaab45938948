import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a file (0600) that is not there yet. False: another process was first, and its file stays. */
export function createPrivateFile(path: string, content: string): boolean {
  const temporary = `${path}.${randomUUID()}`;
  try {
    writeFileSync(temporary, content, { flag: 'wx', mode: 0o600, flush: true });
    // Unlike a rename, a link never replaces: the first process wins. Unlike a plain write, it is never seen half done.
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  flushFolder(dirname(path));
  return true;
}

/** Replaces a file (0600) whole: a reader sees the old content or the new. */
export function replacePrivateFile(path: string, content: string): void {
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, content, { flag: 'wx', mode: 0o600, flush: true });
  renameSync(temporary, path);
  flushFolder(dirname(path));
}

/** Makes the folder's new entry survive a power cut; Windows cannot open a folder. */
function flushFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

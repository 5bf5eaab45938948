import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const succeeds = (program: string, ...words: string[]): boolean => spawnSync(program, words).status === 0;

/** A small file system of a test's own, in memory. */
export class Mount {
  private constructor(readonly folder: string) {}

  /** Undefined where this user may not mount anything. */
  static create(mebibytes: number): Mount | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-mount-'));
    if (succeeds('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', folder))
      return new Mount(folder);
    rmSync(folder, { recursive: true });
    return undefined;
  }

  /** Leaves no byte free; returns what gives the room back. */
  fill(): () => void {
    const ballast = join(this.folder, 'ballast');
    for (const size of [65_536, 4_096, 1]) {
      const file = openSync(ballast, 'a');
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
    }
    return () => rmSync(ballast);
  }

  /** The kernel allows it while nothing here is open for writing. */
  set(mode: 'ro' | 'rw'): void {
    const { status, stderr } = spawnSync('mount', ['-o', `remount,${mode}`, this.folder], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  }

  remove(): void {
    spawnSync('umount', [this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whether this user can keep even those who have a file open from writing to it: `chattr +i` on ext4 and others, as root. */
export function canFreeze(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-frozen-'));
  const path = join(folder, 'file');
  const file = openSync(path, 'w');
  try {
    if (!freeze([path], true)) return false;
    writeFileSync(file, 'x');
    return false;
  } catch {
    return true;
  } finally {
    closeSync(file);
    freeze([path], false);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Nobody can write to these files from now on, or can again. */
export const freeze = (files: readonly string[], isFrozen: boolean): boolean =>
  succeeds('chattr', isFrozen ? '+i' : '-i', ...files);

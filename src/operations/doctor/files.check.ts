import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findingsOf, type Finding } from './finding.js';

const files = findingsOf('file permissions');
const disk = findingsOf('disk space');

const MIB = 1_048_576;

/** The data directory: that nobody else can read it, and that there is room. */
export function checkFiles(dataDir: string): Finding[] {
  const folder = statSync(dataDir, { throwIfNoEntry: false });
  if (!folder) return [files.ok(`no data directory at ${dataDir}`)];
  const names = ['', ...readdirSync(dataDir)];
  const open = names.filter((name) => {
    const found = statSync(join(dataDir, name), { throwIfNoEntry: false });
    return found && (found.mode & 0o077) !== 0;
  });
  const foreign = names.filter((name) => {
    const found = statSync(join(dataDir, name), { throwIfNoEntry: false });
    return found && found.uid !== folder.uid;
  });
  return [permissions(dataDir, open, foreign), space(dataDir)];
}

function permissions(dataDir: string, open: string[], foreign: string[]): Finding {
  const listed = (names: string[]) => names.map((name) => join(dataDir, name)).join(', ');
  if (open.length > 0) return files.fail(`others can read ${listed(open)}`, `chmod -R go= ${dataDir}`);
  if (foreign.length > 0)
    return files.warn(
      `another owner than the folder's: ${listed(foreign)}`,
      `chown them to the owner of ${dataDir}`,
    );
  return files.ok(`${dataDir} and what is in it are for its owner only`);
}

function space(dataDir: string): Finding {
  const { bavail, bsize } = statfsSync(dataDir);
  const free = Math.floor((bavail * bsize) / MIB);
  const found = `${free} MiB free`;
  const remedy = 'make room: without any, every login and refresh is answered 503';
  if (free < 64) return disk.fail(found, remedy);
  return free < 1_024 ? disk.warn(found, remedy) : disk.ok(found);
}

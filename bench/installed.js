// @ts-check
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ installMb: number, packages: number }} Size */

const MEGABYTE = 2 ** 20;

/**
 * What npm has put into a folder.
 * @param {string} folder
 * @returns {Size}
 */
export function installedSize(folder) {
  const modules = join(folder, 'node_modules');
  const bytes = readdirSync(modules, { withFileTypes: true, recursive: true }).reduce(
    (sum, entry) => sum + (entry.isFile() ? lstatSync(join(entry.parentPath, entry.name)).size : 0),
    0,
  );
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'));
  return { installMb: bytes / MEGABYTE, packages: Object.keys(lock.packages).length };
}

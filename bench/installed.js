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
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'));
  return { installMb: sizeMb(modules), packages: Object.keys(lock.packages).length };
}

/**
 * @param {string} folder
 * @returns {number} MB of its files
 */
export const sizeMb = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + lstatSync(join(parentPath, name)).size, 0) / MEGABYTE;

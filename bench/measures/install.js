// @ts-check
import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installedSize, sizeMb } from '../installed.js';
import { clientOf, installPeer, npm } from '../peers.js';
import { say } from '../stage.js';

/** @typedef {import('../stage.js').Stage} Stage */

const OURS = 'Gatehouse';
const ROOT = resolve(import.meta.dirname, '../..');

/**
 * What a production install puts on the disk: `npm ci --omit=dev`, without what install scripts compile or download, and our bundle,
 * which most packages are in.
 * @param {Stage} stage
 * @returns {Promise<import('../contender.js').Measure>}
 */
export async function install(stage) {
  const peers = await Promise.all(
    stage.peers.map(async (name) => ({
      name: (await clientOf(name)).title,
      // Counted when it was installed: a lock file always brings the same.
      measure: () => Promise.resolve(installPeer(name, say)),
    })),
  );
  return {
    contenders: [{ name: OURS, measure: () => Promise.resolve(installGatehouse(stage)) }, ...peers],
    ratios: peers.flatMap(({ name: to }) =>
      ['installMb', 'packages'].map((quantity) => ({ of: OURS, to, quantity, mark: 1, atMost: true })),
    ),
    rounds: 1,
    charts: [{ title: 'Production install, MB', quantity: 'installMb', ours: [OURS] }],
  };
}

/** @param {Stage} stage */
function installGatehouse(stage) {
  const folder = stage.newFolder('install');
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(ROOT, file), join(folder, file));
  npm(folder, ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']);
  const { installMb, packages } = installedSize(folder);
  // The packages in it are what other systems have beside their program.
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), {
    recursive: true,
    filter: (file) => !file.endsWith('.map'),
  });
  return { installMb: installMb + sizeMb(join(folder, 'dist')), packages };
}

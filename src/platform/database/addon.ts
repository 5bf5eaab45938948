import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const PACKAGE = createRequire(import.meta.url).resolve('better-sqlite3/package.json');

/** Stops a start: the process would end without a word, at some collection of garbage. */
export class UnsafeAddonError extends Error {
  override readonly name = 'UnsafeAddonError';

  constructor() {
    super(
      'better-sqlite3 12 was compiled against Node.js 24.19 or newer, and would abort the process; ' +
        'install better-sqlite3 13, or compile it on an older Node.js (docs/operations.md)',
    );
  }
}

/**
 * From Node.js 24.19 on, the header that better-sqlite3 12 is compiled with asks each statement that is collected for an
 * environment, which there is none of then. Version 13 does without that header, and does not run on Node.js 20.
 * @throws UnsafeAddonError
 */
export function checkAddon(folder = dirname(PACKAGE)): void {
  const compiled = join(folder, 'build', 'Release', 'better_sqlite3.node');
  if (existsSync(compiled) && readFileSync(compiled).includes('RemoveEnvironmentCleanupHook'))
    throw new UnsafeAddonError();
}

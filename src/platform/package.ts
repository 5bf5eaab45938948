import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const inPackage = createRequire(import.meta.url);

/** The folder of package.json, wherever this runs: from the source, from what is compiled, from the bundle. */
export const PACKAGE_FOLDER = dirname(inPackage.resolve('#package.json'));

/** What the operator types in front of a command. */
export const PROGRAM = 'npm run -s gatehouse --';

export const { version } = inPackage('#package.json') as { version: string };

import { ConfigError } from '../../platform/config/config.schema.js';
import { readSettings } from '../../platform/config/config.module.js';
import { checkDatabase } from './database.check.js';
import { checkExposure } from './exposure.check.js';
import { checkFiles } from './files.check.js';
import { findingsOf, type Finding } from './finding.js';
import { checkHashing } from './hashing.check.js';
import { checkKeys } from './keys.check.js';
import { checkNetwork } from './network.check.js';

/** Looks at everything an operator can get wrong, and changes nothing. `now` in epoch milliseconds. */
export async function diagnose(now: number): Promise<Finding[]> {
  const settings = findingsOf('settings');
  let config;
  try {
    config = readSettings();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').map((line) => settings.fail(line, 'docs/configuration.md'));
  }
  const [database, network] = await Promise.all([checkDatabase(config), checkNetwork(config)]);
  return [
    settings.ok('each keeps its rule'),
    ...checkExposure(config, process.versions.node),
    ...checkKeys(config, now),
    ...checkFiles(config.dataDir),
    ...database,
    ...network,
    ...checkHashing(config),
  ];
}

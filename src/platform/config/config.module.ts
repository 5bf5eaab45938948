import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { Global, Module } from '@nestjs/common';
import { CONFIG, ConfigError, parseConfig, type Config, type ParsedConfig } from './config.schema.js';
import { resolveSecrets } from './secret.service.js';

let loaded: Config | undefined;

/**
 * The settings of this process, read once: the environment, then `.env` in the working directory, then the defaults.
 * @throws ConfigError with every fault there is
 */
export function loadConfig(): Config {
  loaded ??= resolveSecrets(readSettings());
  return loaded;
}

/** The same settings without the secrets that a start would make: reading them leaves no trace. @throws ConfigError */
export function readSettings(): ParsedConfig {
  return parseConfig({ ...dotEnv(), ...process.env });
}

function dotEnv(): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new ConfigError([`.env: must be a file that can be read (${code})`]);
  }
}

/** Gives every module the settings: `@Inject(CONFIG) private readonly config: Config`. */
@Global()
@Module({ providers: [{ provide: CONFIG, useFactory: loadConfig }], exports: [CONFIG] })
export class ConfigModule {}

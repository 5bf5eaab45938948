import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ConfigError, fault, type Config, type ParsedConfig } from './config.schema.js';
import { createPrivateFile } from './private-file.js';
import { settings, type Setting } from './settings.schema.js';

const JWT_SECRET_FILE = 'jwt-secret';
const ENCRYPTION_KEY_FILE = 'encryption-key';

/**
 * Completes the settings: a secret that was not given is read from its file in `dataDir`, generated (48 random bytes,
 * base64url) where there is none. Creates `dataDir` (0700) where something will be stored in it.
 * @throws ConfigError where `dataDir` or one of its secrets cannot be used
 */
export function resolveSecrets(config: ParsedConfig): Config {
  const generatedFiles: string[] = [];
  const stored = (setting: Setting<string>, file: string) => {
    const path = join(config.dataDir, file);
    if (!existsSync(path) && createPrivateFile(path, randomBytes(48).toString('base64url')))
      generatedFiles.push(path);
    return read(setting, path);
  };
  try {
    const isHmac = config.jwtAlgorithm === 'HS256';
    const givenKey = isHmac ? config.jwtSecret : config.jwtPrivateKey;
    if (!(config.databaseUrl && givenKey && config.encryptionKey)) prepareFolder(config.dataDir);
    const jwtSecret = config.jwtSecret ?? (isHmac ? stored(settings.jwtSecret, JWT_SECRET_FILE) : undefined);
    const encryptionKey = config.encryptionKey ?? stored(settings.encryptionKey, ENCRYPTION_KEY_FILE);
    if (jwtSecret === encryptionKey) {
      throw new ConfigError([fault(settings.encryptionKey, 'different from JWT_SECRET')]);
    }
    return Object.freeze({
      ...config,
      jwtSecret,
      encryptionKey,
      signingKeysFile: givenKey === undefined ? join(config.dataDir, 'signing-keys.json') : undefined,
      generatedFiles: Object.freeze(generatedFiles),
    });
  } catch (error) {
    throw asConfigError(error);
  }
}

/** Creates the folder, or closes an existing one of ours to others. */
function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { mode, uid } = statSync(folder);
  if ((mode & 0o077) === 0 || uid !== process.getuid?.()) return;
  const content = readdirSync(folder);
  // Never close /tmp, or somebody's home, to everybody else because a setting names it.
  if (content.length > 0 && !content.includes(JWT_SECRET_FILE) && !content.includes(ENCRYPTION_KEY_FILE)) {
    throw new ConfigError([
      fault(settings.dataDir, 'a folder of its own, open to its owner only (chmod 700)'),
    ]);
  }
  chmodSync(folder, mode & 0o700);
}

function read(setting: Setting<string>, path: string): string {
  const secret = setting.rule.parse(readFileSync(path, 'utf8').trim());
  if (secret !== undefined) return secret;
  throw new ConfigError([
    `${setting.name}: the file ${path} must be ${setting.rule.sentence}; put its former content back, or delete the file ` +
      'to have a new secret generated (what the former one signed or encrypted is then lost)',
  ]);
}

const errno = (error: unknown) => error as NodeJS.ErrnoException;

/** One line for what the file system refused; anything else is a mistake of ours and stays as it is. */
function asConfigError(error: unknown): unknown {
  const { syscall, code, path } = errno(error);
  if (syscall === undefined) return error;
  const reason = [code, syscall, path && basename(path)].filter(Boolean).join(' ');
  return new ConfigError([
    fault(settings.dataDir, `a folder whose files this process can read and write (${reason})`),
  ]);
}

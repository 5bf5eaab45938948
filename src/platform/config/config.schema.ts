import { settings, type Setting } from './settings.schema.js';

type Settings = typeof settings;
type Value<S> =
  S extends Setting<infer T, infer Fallback> ? T | (undefined extends Fallback ? undefined : never) : never;

/** The settings as the environment gives them; secrets may still be missing. */
export type ParsedConfig = { readonly [K in keyof Settings]: Value<Settings[K]> };

/** The settings of a running process, frozen. Durations are in the unit of their name. */
export interface Config extends Omit<ParsedConfig, 'encryptionKey'> {
  readonly encryptionKey: string;
  /** Where signing keys are kept that the environment does not give. */
  readonly signingKeysFile: string | undefined;
  /** Absolute paths of the secrets that this start made, for it to say so. */
  readonly generatedFiles: readonly string[];
}

/** Injects the `Config`. */
export const CONFIG = Symbol('CONFIG');

/** Settings that stop the start: a line for each fault, with the variable's name and its rule, never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
  }
}

/** A rule between settings. */
interface CrossRule {
  /** The one at fault. */
  readonly setting: Setting<unknown>;
  /** The rule, to be read after "must be". */
  readonly sentence: string;
  readonly broken: (config: ParsedConfig) => boolean;
}

export const crossRules: readonly CrossRule[] = [
  {
    setting: settings.jwtSecret,
    sentence: 'set with NODE_ENV=production and JWT_ALGORITHM=HS256',
    broken: ({ nodeEnv, jwtSecret, jwtAlgorithm }) =>
      nodeEnv === 'production' && jwtAlgorithm === 'HS256' && jwtSecret === undefined,
  },
  {
    setting: settings.jwtPrivateKey,
    sentence: 'set with NODE_ENV=production and JWT_ALGORITHM=ES256',
    broken: ({ nodeEnv, jwtPrivateKey, jwtAlgorithm }) =>
      nodeEnv === 'production' && jwtAlgorithm === 'ES256' && jwtPrivateKey === undefined,
  },
  {
    setting: settings.encryptionKey,
    sentence: 'set with NODE_ENV=production',
    broken: ({ nodeEnv, encryptionKey }) => nodeEnv === 'production' && encryptionKey === undefined,
  },
  {
    setting: settings.encryptionKey,
    sentence: 'different from JWT_SECRET',
    broken: ({ encryptionKey, jwtSecret }) => encryptionKey !== undefined && encryptionKey === jwtSecret,
  },
  {
    setting: settings.webhookSecret,
    sentence: 'set with WEBHOOK_URL',
    broken: ({ webhookUrl, webhookSecret }) => webhookUrl !== undefined && webhookSecret === undefined,
  },
  {
    setting: settings.sessionTtlSeconds,
    sentence: 'at least ACCESS_TOKEN_TTL_SECONDS',
    broken: ({ sessionTtlSeconds, accessTokenTtlSeconds }) => sessionTtlSeconds < accessTokenTtlSeconds,
  },
  {
    setting: settings.mailFrom,
    sentence: 'set with SMTP_URL',
    broken: ({ smtpUrl, mailFrom }) => smtpUrl !== undefined && mailFrom === undefined,
  },
  {
    setting: settings.roles,
    sentence: 'a list with client in it, the role of those who register, with REGISTRATION=open',
    broken: ({ registration, roles }) => registration === 'open' && !roles.includes('client'),
  },
  {
    setting: settings.bcryptCost,
    sentence: 'at least 10 unless NODE_ENV is test',
    broken: ({ bcryptCost, nodeEnv }) => bcryptCost < 10 && nodeEnv !== 'test',
  },
];

/** The line that says which rule a setting breaks, and how to come by a good value. */
export function fault({ name, rule }: Setting<unknown>, sentence = rule.sentence): string {
  return `${name}: must be ${sentence}${rule.remedy ? `; ${rule.remedy}` : ''}`;
}

/**
 * The settings in `env`, typed and frozen. An empty text counts as not set, except for a secret.
 * @throws ConfigError with every fault there is
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): ParsedConfig {
  const faults = new Map<string, string>();
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries<Setting<unknown>>(settings)) {
    const { name, fallback, rule } = setting;
    const given = env[name];
    const text = given === '' && !rule.secret ? fallback : (given ?? fallback);
    if (text === undefined) continue;
    values[key] = rule.parse(text);
    if (values[key] === undefined) faults.set(name, fault(setting));
  }
  const config = values as ParsedConfig;
  for (const { setting, sentence, broken } of crossRules) {
    if (!faults.has(setting.name) && broken(config)) faults.set(setting.name, fault(setting, sentence));
  }
  if (faults.size > 0) throw new ConfigError([...faults.values()]);
  return Object.freeze(config);
}

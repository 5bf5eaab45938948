import { execSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigError, parseConfig, type ParsedConfig } from './config.schema.js';
import { settings } from './settings.schema.js';

const secret = 'kP3vR8xLq2ZtW7nB5yHc9MdF4sJg6TaE';
const other = 'uY1oIw0eXrQ-NbVmCkLzJhGfDsApSdKq';

function pemOf(namedCurve: string): { privatePem: string; publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}
const { privatePem, publicPem } = pemOf('P-256');
const larger = pemOf('P-384');

function faultsOf(env: Record<string, string | undefined>): string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('parseConfig', () => {
  it('has these defaults', () => {
    expect(parseConfig({})).toEqual({
      nodeEnv: 'development',
      host: '127.0.0.1',
      port: 3000,
      corsOrigins: [],
      logLevel: 'info',
      trustProxy: [],
      managementHost: '127.0.0.1',
      shutdownDelaySeconds: 0,
      dataDir: resolve('data'),
      loginFailuresPerDayPerAccount: 100,
      loginFailuresPerMinutePerAddress: 20,
      loginsPerMinutePerAddress: 120,
      refreshesPer5MinutesPerSession: 150,
      accountRequestsPerMinutePerAddress: 30,
      mailsPerHourPerEmail: 5,
      loginQueueMaxWaitMs: 5_000,
      jwtPreviousSecrets: [],
      jwtAlgorithm: 'HS256',
      jwtVerificationKeys: [],
      jwtIssuer: 'gatehouse',
      jwtAudience: 'gatehouse',
      accessTokenTtlSeconds: 3600,
      sessionTtlSeconds: 2_592_000,
      refreshGraceSeconds: 30,
      maxSessionsPerUser: 20,
      revocationPollMs: 1_000,
      revocationMaxStalenessSeconds: 30,
      encryptionPreviousKeys: [],
      totpWindowSteps: 1,
      totpIssuer: 'Gatehouse',
      passwordMinCharacters: 8,
      roles: ['client', 'admin'],
      auditRetentionDays: 90,
      auditRefusalsPerMinute: 300,
      passwordHash: 'bcrypt',
      bcryptCost: 12,
      registration: 'closed',
      emailVerification: 'required',
      bootstrapAdminEmail: 'admin@example.com',
    });
  });

  it('is frozen', () => {
    const config = parseConfig({ CORS_ORIGINS: 'https://a.example' });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.corsOrigins)).toBe(true);
  });

  const accepted: [string, string, keyof ParsedConfig, unknown][] = [
    ['NODE_ENV', 'test', 'nodeEnv', 'test'],
    ['PORT', '0', 'port', 0],
    ['PORT', '65535', 'port', 65_535],
    ['HOST', '0.0.0.0', 'host', '0.0.0.0'],
    ['HOST', '::1', 'host', '::1'],
    ['HOST', 'auth.example.com', 'host', 'auth.example.com'],
    ['DATA_DIR', '/var/lib/gatehouse/', 'dataDir', '/var/lib/gatehouse'],
    ['DATABASE_URL', 'postgres://u:p@db:5432/g', 'databaseUrl', 'postgres://u:p@db:5432/g'],
    ['DATABASE_URL', 'postgresql:///g?host=/run', 'databaseUrl', 'postgresql:///g?host=/run'],
    ['JWT_SECRET', secret, 'jwtSecret', secret],
    ['JWT_SECRET', 'ä'.repeat(9) + 'bcdefghijklmno', 'jwtSecret', 'ä'.repeat(9) + 'bcdefghijklmno'],
    ['JWT_PREVIOUS_SECRETS', `${secret}, ${other}`, 'jwtPreviousSecrets', [secret, other]],
    ['JWT_ALGORITHM', 'ES256', 'jwtAlgorithm', 'ES256'],
    ['ENCRYPTION_KEY', secret, 'encryptionKey', secret],
    ['JWT_ISSUER', 'https://auth.example.com', 'jwtIssuer', 'https://auth.example.com'],
    ['JWT_ISSUER', "!#$[]'^`~", 'jwtIssuer', "!#$[]'^`~"],
    ['JWT_AUDIENCE', 'a'.repeat(64), 'jwtAudience', 'a'.repeat(64)],
    ['ACCESS_TOKEN_TTL_SECONDS', '60', 'accessTokenTtlSeconds', 60],
    ['ACCESS_TOKEN_TTL_SECONDS', '86400', 'accessTokenTtlSeconds', 86_400],
    ['SESSION_TTL_SECONDS', '3600', 'sessionTtlSeconds', 3600],
    ['SESSION_TTL_SECONDS', '31536000', 'sessionTtlSeconds', 31_536_000],
    ['PASSWORD_HASH', 'argon2id', 'passwordHash', 'argon2id'],
    ['BCRYPT_COST', '10', 'bcryptCost', 10],
    ['BCRYPT_COST', '15', 'bcryptCost', 15],
    ['BOOTSTRAP_ADMIN_EMAIL', 'Root@X.io', 'bootstrapAdminEmail', 'root@x.io'],
    ['BOOTSTRAP_ADMIN_PASSWORD', 'pässwörd', 'bootstrapAdminPassword', 'pässwörd'],
    ['BOOTSTRAP_ADMIN_PASSWORD', 'a'.repeat(72), 'bootstrapAdminPassword', 'a'.repeat(72)],
    ['CORS_ORIGINS', 'https://a.example, http://b:81', 'corsOrigins', ['https://a.example', 'http://b:81']],
    ['LOG_LEVEL', 'silent', 'logLevel', 'silent'],
    ['REGISTRATION', 'open', 'registration', 'open'],
    ['EMAIL_VERIFICATION', 'off', 'emailVerification', 'off'],
    ['MAIL_FROM', 'A@x.io', 'mailFrom', { name: '', address: 'a@x.io' }],
    ['MAIL_FROM', 'Gatehouse Łódź <a@x.io>', 'mailFrom', { name: 'Gatehouse Łódź', address: 'a@x.io' }],
    ['PUBLIC_URL', 'https://x.io/auth/', 'publicUrl', 'https://x.io/auth'],
    ['MAIL_LINK_URL', 'https://x.io/{action}#{token}', 'mailLinkUrl', 'https://x.io/{action}#{token}'],
    ['PASSWORD_MIN_CHARACTERS', '15', 'passwordMinCharacters', 15],
    ['BREACHED_PASSWORDS_URL', 'https://x.io/range', 'breachedPasswordsUrl', 'https://x.io/range'],
  ];
  it.each(accepted)('accepts %s=%s', (name, text, key, value) => {
    expect(parseConfig({ [name]: text })[key]).toEqual(value);
  });

  it('accepts keys in PEM, line breaks as they are or written as \\n', () => {
    for (const [one, two] of [
      ['\n', '\n'],
      ['\n', '\r\n'],
      ['\n', '\\n'],
    ] as const) {
      const config = parseConfig({
        JWT_PRIVATE_KEY: privatePem.replaceAll(one, two),
        JWT_VERIFICATION_KEYS: (publicPem + pemOf('P-256').publicPem).replaceAll(one, two),
      });
      expect(config.jwtPrivateKey?.export({ type: 'pkcs8', format: 'pem' })).toBe(privatePem);
      expect(config.jwtVerificationKeys).toHaveLength(2);
      expect(config.jwtVerificationKeys[0]?.export({ type: 'spki', format: 'pem' })).toBe(publicPem);
    }
  });

  const refused: [string, string[]][] = [
    ['JWT_SECRET', [privatePem.trim(), publicPem.trim().replaceAll('\n', '\\n')]],
    ['JWT_PREVIOUS_SECRETS', [',', `${secret},`, `${secret},short`, publicPem.trim()]],
    ['JWT_ALGORITHM', ['none', 'es256', 'RS256', ' ']],
    ['JWT_PRIVATE_KEY', ['', ' ', secret, publicPem, larger.privatePem, privatePem.slice(0, -40)]],
    [
      'JWT_VERIFICATION_KEYS',
      // A second key that was cut off, or pasted with something else, is not passed over.
      [' x', secret, privatePem, larger.publicPem, publicPem + larger.publicPem].concat(
        publicPem + publicPem.slice(0, -30),
        publicPem + privatePem,
        `${publicPem}next`,
      ),
    ],
    ['NODE_ENV', ['prod', 'Production', ' ']],
    ['PORT', ['65536', '-1', '80 ', '0x50', '8e1', '80.0', '+80', '99999999999999999999']],
    ['HOST', ['two words', 'http://a', '[::1]', 'a.', '-a']],
    ['DATA_DIR', [' ']],
    [
      'DATABASE_URL',
      ['mysql://db/g', 'db:5432/g', 'postgres://', 'postgres://db:port/g', ' postgres://db/g'],
    ],
    ['JWT_ISSUER', [' ', 'two words', 'é', 'a"', 'a\\', 'a'.repeat(65)]],
    ['JWT_AUDIENCE', [' ', '"'.repeat(64), '\\', 'a'.repeat(65)]],
    ['ACCESS_TOKEN_TTL_SECONDS', ['59', '86401', '1h']],
    ['SESSION_TTL_SECONDS', ['299', '31536001']],
    ['BCRYPT_COST', ['3', '9', '16', '12.5']],
    ['BOOTSTRAP_ADMIN_EMAIL', ['admin', 'a@localhost', 'ä@x.io', 'a@x.io ', 'a\u200b@x.io', '\ud800@x.io']],
    ['BOOTSTRAP_ADMIN_PASSWORD', ['', ' '.repeat(10), 'a'.repeat(7), '😀'.repeat(7), 'é'.repeat(36) + 'a']],
    [
      'CORS_ORIGINS',
      [
        '*',
        'null',
        'a.example',
        'https://a.example/',
        'https://A.example',
        'https://a.example:443',
        'http://b,',
      ].concat(['ftp://a.example', 'https://*.a.example', 'https://u@a.example', 'https://a.example,*']),
    ],
    ['LOG_LEVEL', ['INFO', 'verbose']],
    [
      'SMTP_URL',
      [
        '',
        ' ',
        'smtp://',
        'http://x.io',
        'x.io:25',
        'smtp://x.io/path',
        'smtp://x.io?a=b',
        'smtp://u%zz:p@x.io',
      ],
    ],
    ['MAIL_FROM', ['x', 'A <x>', 'A <a@x.io', 'A\r\nBcc: b@x.io <a@x.io>', 'A <a@x.io>, b@x.io']],
    ['PUBLIC_URL', ['x.io', 'ftp://x.io', 'https://x.io?a', 'https://x.io#a']],
    ['MAIL_LINK_URL', ['https://x.io/', 'javascript:{token}', '{token}']],
    ['REGISTRATION', ['yes', 'OPEN']],
  ];
  it.each(refused.flatMap(([name, texts]) => texts.map((text) => [name, text])))(
    'refuses %s=%j',
    (name, text) => {
      const faults = faultsOf({ [name]: text });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(new RegExp(`^${name}: must be `));
    },
  );

  it('takes an empty text for one that is not set', () => {
    const empty = Object.values(settings).filter(({ rule }) => !('secret' in rule));
    expect(parseConfig(Object.fromEntries(empty.map(({ name }) => [name, ''])))).toEqual(parseConfig({}));
  });

  it('wants in production the key of the algorithm, and not that of the other', () => {
    const production = { NODE_ENV: 'production', ENCRYPTION_KEY: other };
    expect(faultsOf({ ...production, JWT_ALGORITHM: 'ES256', JWT_PRIVATE_KEY: privatePem })).toEqual([]);
    expect(faultsOf({ ...production, JWT_ALGORITHM: 'ES256', JWT_SECRET: secret })).toEqual([
      expect.stringContaining(
        'JWT_PRIVATE_KEY: must be set with NODE_ENV=production and JWT_ALGORITHM=ES256; make one with: openssl ',
      ),
    ]);
  });

  it('allows the bcrypt costs 4 to 9 in tests only', () => {
    expect(parseConfig({ NODE_ENV: 'test', BCRYPT_COST: '4' }).bcryptCost).toBe(4);
    expect(faultsOf({ NODE_ENV: 'test', BCRYPT_COST: '3' })).toHaveLength(1);
    expect(
      faultsOf({ NODE_ENV: 'production', BCRYPT_COST: '9', JWT_SECRET: secret, ENCRYPTION_KEY: other }),
    ).toEqual(['BCRYPT_COST: must be at least 10 unless NODE_ENV is test']);
  });

  it('wants a sender for a mail server', () => {
    const env = { SMTP_URL: 'smtps://u%40x.io:p@x.io' };
    expect(faultsOf(env)).toEqual(['MAIL_FROM: must be set with SMTP_URL']);
    expect(faultsOf({ ...env, MAIL_FROM: 'a@x.io' })).toEqual([]);
  });

  it('refuses a session shorter than its access token', () => {
    expect(faultsOf({ SESSION_TTL_SECONDS: '3599' })).toEqual([
      'SESSION_TTL_SECONDS: must be at least ACCESS_TOKEN_TTL_SECONDS',
    ]);
    expect(faultsOf({ SESSION_TTL_SECONDS: '300', ACCESS_TOKEN_TTL_SECONDS: '300' })).toEqual([]);
  });

  it('wants the role of those who register among the roles', () => {
    expect(faultsOf({ REGISTRATION: 'open', ROLES: 'reader' })).toEqual([
      'ROLES: must be a list with client in it, the role of those who register, with REGISTRATION=open',
    ]);
    expect(faultsOf({ REGISTRATION: 'open', ROLES: 'reader,client' })).toEqual([]);
    expect(faultsOf({ ROLES: 'reader' })).toEqual([]);
  });

  it('reports all faults at once, a line each, and never a value', () => {
    const leak = ' leaked';
    const names = Object.values(settings).map(({ name }) => name);
    const others = { DATA_DIR: ' ', MAIL_TEMPLATES_DIR: ' ', ROLES: 'Leak' };
    const faults = faultsOf({ ...Object.fromEntries(names.map((name) => [name, leak])), ...others });
    expect(faults.map((line) => line.split(':')[0])).toEqual(names);
    expect(faults.join()).not.toContain('leak');
  });
});

describe.each([
  ['JWT_SECRET', ' and JWT_ALGORITHM=HS256'],
  ['ENCRYPTION_KEY', ''],
])('%s', (name, unless) => {
  const bad = {
    empty: '',
    blank: ' '.repeat(40),
    short: secret.slice(1),
    'one character repeated': 'x'.repeat(64),
    'of seven different characters': 'abcdefg'.repeat(5) + 'gfedcba',
    'a text repeated': 'my-own-text'.repeat(3),
    'a placeholder': `please-Change-Me-${secret}`,
    'called secret': `secret-${secret}`,
    'with a line break at its end': `${secret}\n`,
  };
  describe.each(['development', 'test', 'production'])('with NODE_ENV=%s', (nodeEnv) => {
    const others = { NODE_ENV: nodeEnv, JWT_SECRET: secret, ENCRYPTION_KEY: other };
    it.each(Object.entries(bad))('is refused when %s', (_, text) => {
      const faults = faultsOf({ ...others, [name]: text });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toContain(`${name}: must be random: at least 32 bytes`);
    });

    it('is refused when the same as the other one', () => {
      expect(faultsOf({ ...others, JWT_SECRET: secret, ENCRYPTION_KEY: secret })).toEqual([
        expect.stringContaining('ENCRYPTION_KEY: must be different from JWT_SECRET'),
      ]);
    });

    it('may be missing except in production', () => {
      const faults = faultsOf({ ...others, [name]: undefined });
      const required = expect.stringContaining(
        `${name}: must be set with NODE_ENV=production${unless}; make one with: `,
      );
      expect(faults).toEqual(nodeEnv === 'production' ? [required] : []);
    });
  });

  it.each([/node -e ".*"/, /openssl rand .*/])('can be made by pasting %s from the message', (command) => {
    const [line = ''] = faultsOf({ [name]: '' });
    const made = execSync(command.exec(line)?.[0] ?? 'false', { encoding: 'utf8' }).trim();
    expect(Object.values(parseConfig({ [name]: made }))).toContain(made);
  });
});

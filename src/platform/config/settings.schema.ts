/* eslint-disable max-lines -- a table: one entry a setting */
import * as mailRule from './mail-rule.schema.js';
import { roles } from './role.schema.js';
import * as rule from './rule.schema.js';
import type { Rule } from './rule.schema.js';

/** An environment variable and what becomes of it. */
export interface Setting<T, Fallback extends string | undefined = string | undefined> {
  readonly name: string;
  /** The default, written as in the environment; undefined leaves the value undefined. */
  readonly fallback: Fallback;
  readonly rule: Rule<T>;
  /** One sentence: what it is for. */
  readonly description: string;
}

export function setting<T, Fallback extends string | undefined>(
  name: string,
  fallback: Fallback,
  rule: Rule<T>,
  description: string,
): Setting<T, Fallback> {
  return { name, fallback, rule, description };
}

/** Every setting, by the group it is documented in. Units stand in the names. */
export const groups = {
  Server: {
    nodeEnv: setting(
      'NODE_ENV',
      'development',
      rule.oneOf('development', 'production', 'test'),
      'In production the two secrets must be set; otherwise they are generated on the first start.',
    ),
    host: setting(
      'HOST',
      '127.0.0.1',
      rule.host,
      'Address to serve on; 0.0.0.0 or :: serves on every interface.',
    ),
    port: setting(
      'PORT',
      '3000',
      rule.integer(0, 65_535, 'TCP port'),
      'Port to serve on; 0 takes any free one.',
    ),
    corsOrigins: setting(
      'CORS_ORIGINS',
      '',
      rule.origins,
      'Web origins whose pages may call the API from a browser; none when empty.',
    ),
    logLevel: setting(
      'LOG_LEVEL',
      'info',
      rule.oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
      'The least severe log lines that are written.',
    ),
    trustProxy: setting(
      'TRUST_PROXY',
      '',
      rule.addresses,
      'Your own proxies, whose X-Forwarded-For is believed; from nobody when empty.',
    ),
  },
  Operations: {
    metricsToken: setting(
      'METRICS_TOKEN',
      undefined,
      rule.key,
      'Bearer token that reads /metrics; when not set, nobody reads them on PORT.',
    ),
    managementPort: setting(
      'MANAGEMENT_PORT',
      undefined,
      rule.integer(0, 65_535, 'TCP port'),
      'A port of its own for /healthz, /readyz and /metrics, and metrics are served on no other; 0 takes any free one.',
    ),
    managementHost: setting(
      'MANAGEMENT_HOST',
      '127.0.0.1',
      rule.host,
      'Address to serve MANAGEMENT_PORT on; keep it out of reach of the world.',
    ),
    otelEndpoint: setting(
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      undefined,
      rule.httpUrl,
      'OpenTelemetry collector that traces are sent to (OTLP over HTTP); when not set, none are made.',
    ),
    shutdownDelaySeconds: setting(
      'SHUTDOWN_DELAY_SECONDS',
      '0',
      rule.integer(0, 300, 'seconds'),
      'How long to go on serving after SIGTERM, not ready, so that a load balancer can notice; the end follows within 10 s.',
    ),
  },
  Storage: {
    dataDir: setting(
      'DATA_DIR',
      './data',
      rule.path,
      'Folder of the embedded database and of generated secrets, seen from the working directory.',
    ),
    databaseUrl: setting(
      'DATABASE_URL',
      undefined,
      rule.postgresUrl,
      'PostgreSQL to use; when not set, an embedded SQLite database in DATA_DIR.',
    ),
  },
  Throttles: {
    redisUrl: setting(
      'REDIS_URL',
      undefined,
      rule.redisUrl,
      'Redis or Valkey in which several copies count tries together; when not set, each counts for itself.',
    ),
    loginFailuresPerDayPerAccount: setting(
      'LOGIN_FAILURES_PER_DAY_PER_ACCOUNT',
      '100',
      rule.integer(0, 1_000_000, 'failures'),
      'Wrong passwords for an account in a day, from addresses it has not signed in from; 0 is no limit, and no delay.',
    ),
    loginFailuresPerMinutePerAddress: setting(
      'LOGIN_FAILURES_PER_MINUTE_PER_ADDRESS',
      '20',
      rule.integer(0, 1_000_000, 'failures'),
      'Wrong passwords from an address (/64 of IPv6) in a minute; with the tries under way of who never signed in from there, a quarter more. 0 is no limit.',
    ),
    loginsPerMinutePerAddress: setting(
      'LOGINS_PER_MINUTE_PER_ADDRESS',
      '120',
      rule.integer(0, 1_000_000, 'logins'),
      'Logins from an address in a minute, right or wrong, and passwords given again with a token; 0 is no limit.',
    ),
    refreshesPer5MinutesPerSession: setting(
      'REFRESHES_PER_5_MINUTES_PER_SESSION',
      '150',
      rule.integer(0, 1_000_000, 'refreshes'),
      'Refreshes of a session in five minutes; 0 is no limit.',
    ),
    accountRequestsPerMinutePerAddress: setting(
      'ACCOUNT_REQUESTS_PER_MINUTE_PER_ADDRESS',
      '30',
      rule.integer(0, 1_000_000, 'requests'),
      'Registrations, forgotten passwords and tokens sent from an address (/64 of IPv6) in a minute; 0 is no limit.',
    ),
    mailsPerHourPerEmail: setting(
      'MAILS_PER_HOUR_PER_EMAIL',
      '5',
      rule.integer(0, 1_000_000, 'mails'),
      'Mails that anybody can have sent to an e-mail in an hour, and to all +tags of its mailbox by registering; and changes of an account’s password or e-mail, which its owner is told by mail; 0 is no limit.',
    ),
    loginQueueMaxWaitMs: setting(
      'LOGIN_QUEUE_MAX_WAIT_MS',
      '5000',
      rule.integer(100, 60_000, 'milliseconds'),
      'How long a login may have to wait for a hashing thread, before it is refused at once.',
    ),
  },
  'Tokens and sessions': {
    jwtSecret: setting(
      'JWT_SECRET',
      undefined,
      rule.key,
      'Signs access tokens under HS256; when not set, keys are kept in DATA_DIR (never in production).',
    ),
    jwtPreviousSecrets: setting(
      'JWT_PREVIOUS_SECRETS',
      '',
      rule.keys,
      'Secrets that verify access tokens beside JWT_SECRET: those that signed before it.',
    ),
    jwtAlgorithm: setting(
      'JWT_ALGORITHM',
      'HS256',
      rule.oneOf('HS256', 'ES256'),
      'How access tokens are signed; others can verify ES256 with the keys at /.well-known/jwks.json.',
    ),
    jwtPrivateKey: setting(
      'JWT_PRIVATE_KEY',
      undefined,
      rule.privateKey,
      'Signs access tokens under ES256; when not set, keys are kept in DATA_DIR (never in production).',
    ),
    jwtVerificationKeys: setting(
      'JWT_VERIFICATION_KEYS',
      '',
      rule.publicKeys,
      'Public keys that verify ES256 tokens beside JWT_PRIVATE_KEY: those before it, and the next before it signs.',
    ),
    jwtIssuer: setting('JWT_ISSUER', 'gatehouse', rule.tokenName, 'The iss claim of access tokens.'),
    jwtAudience: setting('JWT_AUDIENCE', 'gatehouse', rule.tokenName, 'The aud claim of access tokens.'),
    accessTokenTtlSeconds: setting(
      'ACCESS_TOKEN_TTL_SECONDS',
      '3600',
      rule.integer(60, 86_400, 'seconds'),
      'How long an access token is accepted.',
    ),
    sessionTtlSeconds: setting(
      'SESSION_TTL_SECONDS',
      '2592000',
      rule.integer(300, 31_536_000, 'seconds'),
      'How long after its login a session can still be refreshed.',
    ),
    refreshGraceSeconds: setting(
      'REFRESH_GRACE_SECONDS',
      '30',
      rule.integer(0, 300, 'seconds'),
      'How long the token before the newest still gets that newest one, for parallel requests and lost answers.',
    ),
    maxSessionsPerUser: setting(
      'MAX_SESSIONS_PER_USER',
      '20',
      rule.integer(1, 1_000, 'sessions'),
      'Sessions an account may have at once; a further login ends the one refreshed longest ago.',
    ),
    revocationPollMs: setting(
      'REVOCATION_POLL_MS',
      '1000',
      rule.integer(100, 10_000, 'milliseconds'),
      'How often an instance asks the database which sessions ended elsewhere.',
    ),
    revocationMaxStalenessSeconds: setting(
      'REVOCATION_MAX_STALENESS_SECONDS',
      '30',
      rule.integer(2, 3_600, 'seconds'),
      'How long an instance that cannot ask goes on accepting tokens, before it answers 503.',
    ),
  },
  'Passwords and encryption': {
    encryptionKey: setting(
      'ENCRYPTION_KEY',
      undefined,
      rule.key,
      'Encrypts the secrets in the database; with another key they cannot be read again.',
    ),
    encryptionPreviousKeys: setting(
      'ENCRYPTION_PREVIOUS_KEYS',
      '',
      rule.keys,
      'Keys that decrypt beside ENCRYPTION_KEY, until `gatehouse keys reencrypt` has run.',
    ),
    totpWindowSteps: setting(
      'TOTP_WINDOW_STEPS',
      '1',
      rule.totpWindow,
      'How far an authenticator may be off, either way, in steps of 30 s.',
    ),
    totpIssuer: setting('TOTP_ISSUER', 'Gatehouse', rule.label, 'What authenticator apps call this service.'),
    passwordMinCharacters: setting(
      'PASSWORD_MIN_CHARACTERS',
      '8',
      rule.integer(8, 64, 'characters'),
      'The shortest password that can be set; NIST advises 15 where it is the only factor.',
    ),
    breachedPasswordsUrl: setting(
      'BREACHED_PASSWORDS_URL',
      undefined,
      rule.httpUrl,
      'Asked about each new password by five digits of its hash, such as https://api.pwnedpasswords.com/range; nobody when not set.',
    ),
    passwordHash: setting(
      'PASSWORD_HASH',
      'bcrypt',
      rule.oneOf('bcrypt', 'argon2id'),
      'What new password hashes are; an old one is made anew when its owner logs in. argon2id: 19 MiB, two passes, one lane.',
    ),
    bcryptCost: setting(
      'BCRYPT_COST',
      '12',
      rule.integer(4, 15, 'log2 of rounds'),
      'Work that one password hash takes under bcrypt; each step doubles it.',
    ),
  },
  Accounts: {
    registration: setting(
      'REGISTRATION',
      'closed',
      rule.oneOf('open', 'closed'),
      'Whether anybody may register an account; closed, only administrators make them.',
    ),
    emailVerification: setting(
      'EMAIL_VERIFICATION',
      'required',
      rule.oneOf('required', 'off'),
      'Whether a registration waits for its e-mail address to be confirmed; off, everybody can see who has an account.',
    ),
  },
  Mail: {
    smtpUrl: setting(
      'SMTP_URL',
      undefined,
      mailRule.smtpUrl,
      'The server that takes our mails; when not set, they are written to files in DATA_DIR/outbox.',
    ),
    mailFrom: setting('MAIL_FROM', undefined, mailRule.sender, 'Whom mails come from.'),
    mailTemplatesDir: setting(
      'MAIL_TEMPLATES_DIR',
      undefined,
      rule.path,
      'Folder of templates that take the place of those in templates/mail, file by file.',
    ),
    publicUrl: setting(
      'PUBLIC_URL',
      undefined,
      mailRule.baseUrl,
      'Where people reach this API, for what mails say; when not set, http://127.0.0.1:PORT.',
    ),
    mailLinkUrl: setting(
      'MAIL_LINK_URL',
      undefined,
      mailRule.tokenUrl,
      'Your page that mails link to, such as https://app.example.com/{action}#{token}; when not set, they show a curl line.',
    ),
  },
  Audit: {
    auditRetentionDays: setting(
      'AUDIT_RETENTION_DAYS',
      '90',
      rule.integer(0, 36_500, 'days'),
      'How long it is kept what was done and refused; 0 is for ever.',
    ),
    auditRefusalsPerMinute: setting(
      'AUDIT_REFUSALS_PER_MINUTE',
      '300',
      rule.integer(0, 1_000_000, 'refusals'),
      'Refusals that are written down in a minute, at most a tenth of them from one address; the rest is counted. 0 is no limit.',
    ),
  },
  Webhooks: {
    webhookUrl: setting(
      'WEBHOOK_URL',
      undefined,
      rule.receiverUrl,
      'Where every event is posted to, signed; nowhere when not set.',
    ),
    webhookSecret: setting('WEBHOOK_SECRET', undefined, rule.key, 'Signs what is posted to WEBHOOK_URL.'),
  },
  Roles: {
    roles: setting(
      'ROLES',
      'client,admin',
      roles,
      'The roles that accounts may have; admin is always one of them.',
    ),
  },
  'First administrator': {
    bootstrapAdminEmail: setting(
      'BOOTSTRAP_ADMIN_EMAIL',
      'admin@example.com',
      rule.email,
      'E-mail address of the administrator created in an empty database.',
    ),
    bootstrapAdminPassword: setting(
      'BOOTSTRAP_ADMIN_PASSWORD',
      undefined,
      rule.password,
      "That administrator's password; when not set, one is generated and shown once.",
    ),
  },
};

/** Every setting, by its key in `Config`. */
export const settings = {
  ...groups.Server,
  ...groups.Operations,
  ...groups.Storage,
  ...groups.Throttles,
  ...groups['Tokens and sessions'],
  ...groups['Passwords and encryption'],
  ...groups.Accounts,
  ...groups.Mail,
  ...groups.Audit,
  ...groups.Webhooks,
  ...groups.Roles,
  ...groups['First administrator'],
};

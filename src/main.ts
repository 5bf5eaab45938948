import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { FirstAdministratorService, type FirstAdministrator } from './admin/first-administrator.service.js';
import { AppModule } from './app.module.js';
import { createAdapter, setUp } from './app.setup.js';
import { PasswordsService } from './passwords/passwords.service.js';
import { loadConfig } from './platform/config/config.module.js';
import { ConfigError, type Config } from './platform/config/config.schema.js';
import { databaseFault } from './platform/database/database.errors.js';
import { createLogger, NestLogger, written } from './platform/logging/logger.js';

// What is made in the data directory is for its owner only, the database too.
process.umask(0o077);

// Whoever reads it may leave first: what is shown once is lost then, and the server goes on.
process.stdout.on('error', () => undefined);

const END_PATIENCE_MS = 9_500;

let logger: Logger | undefined;

/** Starts the server. */
async function start(): Promise<void> {
  const config = loadConfig();
  logger = createLogger(config.logLevel);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, createAdapter(config), {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  await setUp(app, logger);
  endInTime(config, logger);
  let entrance: FirstAdministrator | undefined;
  // Before anybody is let in: where all may register, somebody else would have been first, and there would be no administrator.
  await app.get(FirstAdministratorService).ensure((administrator) => {
    entrance = administrator;
    process.stdout.write(welcome(administrator));
  });
  await app.listen(config.port, config.host);
  const url = await app.getUrl();
  for (const file of config.generatedFiles) logger.info(`made a secret: ${file} (keep it with your backups)`);
  if (entrance) process.stdout.write(wayIn(url, entrance));
  app.get(PasswordsService).warmUp();
  logger.info({ url, docs: `${url}/docs` }, 'listening');
}

let isEnding = false;

/** The last resort of an orderly end that something holds up, as a database that has gone silent may. */
function endInTime({ shutdownDelaySeconds }: Config, logger: Logger): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      isEnding = true;
      setTimeout(
        () => {
          logger.error('not closed in time: ending now');
          void written(logger).then(() => process.exit(1));
        },
        shutdownDelaySeconds * 1000 + END_PATIENCE_MS,
      ).unref();
    });
  }
}

function welcome({ email, password, isGenerated }: FirstAdministrator): string {
  return `
  Gatehouse is new here. This is shown once.

    Administrator  ${email}
    Password       ${isGenerated ? password : 'as set in BOOTSTRAP_ADMIN_PASSWORD'}

`;
}

function wayIn(url: string, { email, password, isGenerated }: FirstAdministrator): string {
  const shown = isGenerated ? password : '<BOOTSTRAP_ADMIN_PASSWORD>';
  // An apostrophe is a good character of an e-mail address, and the end of the shell's quotes.
  const body = JSON.stringify({ email, password: shown }).replaceAll("'", "'\\''");
  return `
    Swagger UI     ${url}/docs

  Log in:

    curl -i ${url}/v1/login -H 'content-type: application/json' -d '${body}'

`;
}

start().catch(async (error: unknown) => {
  // What was half started ended as it was told to.
  if (isEnding) process.exit(0);
  process.stderr.write(`${reasonOf(error)}\n`);
  if (logger) await written(logger);
  process.exit(1);
});

/** Why there is no start, and what to do where that does not say it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `Gatehouse cannot start: ${String(error)}`;
  if (error instanceof ConfigError) return error.message;
  const { message, code = '', syscall } = error as NodeJS.ErrnoException;
  // A host of several addresses, none of which answers, has no words of its own.
  const said = `Gatehouse cannot start: ${message || code}`;
  if (syscall === 'listen') return `${said}; set PORT, HOST or MANAGEMENT_PORT, or end what serves there`;
  const isServerAway = databaseFault(error) !== undefined && !code.startsWith('SQLITE');
  return isServerAway ? `${said}; check DATABASE_URL, and that the server it names runs` : said;
}

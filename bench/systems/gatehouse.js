// @ts-check
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { portOf, serve } from './channel.js';
import { ProbeModule } from './probe.module.js';

/** @param {string} file of what is built, without its ending */
const built = (file) => import(new URL(`../../build/${file}.js`, import.meta.url).href);
/** @type {typeof import('../../src/admin/accounts.service.js')} */
const { AccountsService } = await built('admin/accounts.service');
/** @type {typeof import('../../src/admin/first-administrator.service.js')} */
const { FirstAdministratorService } = await built('admin/first-administrator.service');
/** @type {typeof import('../../src/app.module.js')} */
const { AppModule } = await built('app.module');
/** @type {typeof import('../../src/app.setup.js')} */
const { createAdapter, setUp } = await built('app.setup');
/** @type {typeof import('../../src/passwords/passwords.service.js')} */
const { PasswordsService } = await built('passwords/passwords.service');
/** @type {typeof import('../../src/sessions/access-tokens.service.js')} */
const { AccessTokensService } = await built('sessions/access-tokens.service');
/** @type {typeof import('../../src/sessions/sessions.service.js')} */
const { SessionsService } = await built('sessions/sessions.service');
/** @type {typeof import('../../src/users/users.service.js')} */
const { UsersService } = await built('users/users.service');
/** @type {typeof import('../../src/platform/config/config.module.js')} */
const { loadConfig } = await built('platform/config/config.module');
/** @type {typeof import('../../src/platform/logging/logger.js')} */
const { createLogger, NestLogger } = await built('platform/logging/logger');

/** Gatehouse, and beside it a module of somebody else's. */
class BenchModule {}
Module({ imports: [AppModule, ProbeModule] })(BenchModule);

/** Counts what reaches SQLite, whoever prepared it: every execution of a statement. */
function countStatements() {
  let count = 0;
  const statement = Object.getPrototypeOf(new Database(':memory:').prepare('SELECT 1'));
  for (const method of ['run', 'get', 'all', 'iterate']) {
    const execute = statement[method];
    statement[method] = function (/** @type {unknown[]} */ ...parameters) {
      count += 1;
      return execute.apply(this, parameters);
    };
  }
  return () => count;
}

/** The newest token of a session. @param {string} id */
async function tokenOf(id) {
  const session = await app.get(SessionsService).find(id);
  const user = await app.get(UsersService).findByPublicId(id.slice(0, 8));
  if (!session || !user) throw new Error(`there is no session ${id}`);
  const { publicId: sub, email, role } = user;
  return app.get(AccessTokensService).issue(session, { sub, email, role });
}

// From here on as in src/main.ts, which starts AppModule alone.
const statements = countStatements();
const config = loadConfig();
const logger = createLogger(config.logLevel);
/** @type {import('@nestjs/platform-fastify').NestFastifyApplication} */
const app = await NestFactory.create(BenchModule, createAdapter(config), {
  logger: new NestLogger(logger),
  bodyParser: false,
  abortOnError: false,
});
await setUp(app, logger);
await app.listen(0, '127.0.0.1');
await app.get(FirstAdministratorService).ensure(() => undefined);
app.get(PasswordsService).warmUp();

serve(
  { port: portOf(app.getHttpServer()), databaseFile: app.get(DataSource).options.database },
  {
    statements,
    tokensOf: (/** @type {string[]} */ sessions) => Promise.all(sessions.map(tokenOf)),
    createAccounts: (/** @type {{ emails: string[], password: string }} */ { emails, password }) =>
      Promise.all(
        emails.map((email) => app.get(AccountsService).create({ email, password, role: 'client' })),
      ).then(() => undefined),
  },
);

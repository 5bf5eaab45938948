import { Writable } from 'node:stream';
import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { pino } from 'pino';
import { DataSource } from 'typeorm';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { AppModule } from '../../src/app.module.js';
import { createAdapter, setUp } from '../../src/app.setup.js';
import { Clock } from '../../src/platform/clock/clock.service.js';
import { CONFIG, parseConfig, type Config } from '../../src/platform/config/config.schema.js';
import { resolveSecrets } from '../../src/platform/config/secret.service.js';
import type { RouteTable } from '../../src/platform/http/route-table.js';
import { NestLogger } from '../../src/platform/logging/logger.js';
import type { User } from '../../src/users/user.entity.js';
import { createDatabase, type TestDatabase } from './database.js';

/** A clock that stands still until a test moves it. */
export class TestClock extends Clock {
  private instant = Date.now();
  private stalled = 0;

  override now(): number {
    return this.instant;
  }

  override monotonic(): number {
    return super.monotonic() + this.stalled;
  }

  advance(seconds: number): void {
    this.instant += seconds * 1000;
  }

  /** Lets `seconds` pass for whoever measures how long something has not happened. */
  stall(seconds: number): void {
    this.stalled += seconds * 1000;
  }
}

/** Off, but where a test is about them. */
export const UNTHROTTLED = {
  LOGINS_PER_MINUTE_PER_ADDRESS: '0',
  LOGIN_FAILURES_PER_MINUTE_PER_ADDRESS: '0',
  LOGIN_FAILURES_PER_DAY_PER_ACCOUNT: '0',
  REFRESHES_PER_5_MINUTES_PER_SESSION: '0',
  ACCOUNT_REQUESTS_PER_MINUTE_PER_ADDRESS: '0',
  MAILS_PER_HOUR_PER_EMAIL: '0',
  LOGIN_QUEUE_MAX_WAIT_MS: '60000',
};

export const PASSWORD = 'mySecur€Password!';

export interface TestApp {
  /** `http://127.0.0.1:<port>` */
  url: string;
  app: NestFastifyApplication;
  config: Config;
  clock: TestClock;
  dataSource: DataSource;
  routes: RouteTable;
  database: TestDatabase;
  /** Every log line so far, parsed. */
  logs: Record<string, unknown>[];
  /** An account with `PASSWORD`, role `client` unless said otherwise. */
  createUser(email?: string, role?: string): Promise<User>;
  close(): Promise<void>;
}

export interface TestAppOptions {
  /** An undefined variable is taken away. */
  env?: Record<string, string | undefined>;
  /** Modules beside the application's own, as a user would add them. */
  imports?: Type[];
  /** Another application's database: two instances on one. */
  database?: TestDatabase;
  /** The clock of an application before this one, to go on with. */
  clock?: TestClock;
  logLevel?: string;
}

/** The whole application, listening, on a database of its own. */
export async function startApp(options: TestAppOptions = {}): Promise<TestApp> {
  const database = options.database ?? (await createDatabase());
  const parsed = parseConfig({
    NODE_ENV: 'test',
    BCRYPT_COST: '4',
    DATA_DIR: database.dataDir,
    DATABASE_URL: database.databaseUrl,
    JWT_SECRET: 'k7Jp2xQv9LmZ4tRw8sYb1nCe6gHd3fUa',
    ENCRYPTION_KEY: 'Vb5nMq8wErT2yUi9oPa4sDf7gHj1kLzX',
    ...UNTHROTTLED,
    ...options.env,
  });
  const config = resolveSecrets(parsed);
  const clock = options.clock ?? new TestClock();
  const logs: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logs.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  const logger = pino({ level: options.logLevel ?? 'info' }, sink);
  const module = await Test.createTestingModule({ imports: [AppModule, ...(options.imports ?? [])] })
    .overrideProvider(CONFIG)
    .useValue(config)
    .overrideProvider(Clock)
    .useValue(clock)
    .compile();
  const app = module.createNestApplication<NestFastifyApplication>(createAdapter(config), {
    bodyParser: false,
    logger: new NestLogger(logger),
  });
  const routes = await setUp(app, logger);
  await app.listen(0, '127.0.0.1');
  let users = 0;
  return {
    url: await app.getUrl(),
    app,
    config,
    clock,
    dataSource: app.get(DataSource),
    routes,
    database,
    logs,
    createUser: (email = `user${(users += 1)}@example.com`, role = 'client') =>
      app.get(AccountsService).create({ email, role, password: PASSWORD }),
    close: async () => {
      await app.close();
      if (!options.database) await database.drop();
    },
  };
}

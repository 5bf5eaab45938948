import { setTimeout as sleep } from 'node:timers/promises';
import { Global, Logger, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { CONFIG, type Config } from '../config/config.schema.js';
import { createDataSource, dataSourceOptions } from './data-source.js';
import { databaseFault, UnusableFileError } from './database.errors.js';
import { measureConnections } from './database.metrics.js';
import { migrate } from './migrate.js';
import { SweepingService } from './sweeping.service.js';

const CONNECT_PATIENCE_MS = 30_000;

/** Connects, waiting up to 30 s for a database that is not there yet, and migrates. */
async function connect(options?: DataSourceOptions): Promise<DataSource> {
  if (!options) throw new Error('the data source has no options');
  const dataSource = await createDataSource(options);
  const deadline = Date.now() + CONNECT_PATIENCE_MS;
  while (!dataSource.isInitialized) {
    try {
      await dataSource.initialize();
    } catch (error) {
      const { code } = error as { code?: unknown };
      // A file that cannot be opened stays so until somebody does something about it.
      if (code === 'SQLITE_CANTOPEN') throw new UnusableFileError(String(options.database));
      if (!databaseFault(error) || Date.now() > deadline) throw error;
      new Logger('Database').warn({ msg: 'database not reachable yet, trying again', error_code: code });
      await sleep(1_000);
    }
  }
  measureConnections(dataSource);
  const ran = await migrate(dataSource);
  if (ran.length > 0) new Logger('Database').log({ msg: 'database migrated', migrations: ran });
  return dataSource;
}

/** The one database connection of the process. Modules add their entities by `TypeOrmModule.forFeature`. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [CONFIG],
      useFactory: (config: Config) => ({
        ...dataSourceOptions(config),
        autoLoadEntities: true,
        // The retries are in `connect`, which tells a database that is away from one that refuses us.
        retryAttempts: 0,
      }),
      dataSourceFactory: connect,
    }),
  ],
  providers: [SweepingService],
  exports: [SweepingService],
})
export class DatabaseModule {}

import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { loadConfig } from '../platform/config/config.module.js';
import { createDataSource, dataSourceOptions } from '../platform/database/data-source.js';
import { migrate } from '../platform/database/migrate.js';
import { CommandError } from './operator.command.js';

const BUSY_TRIES = 200;
const BUSY_PAUSE_MS = 50;

/**
 * Brings the database's schema up to date, as the server does when it starts; the names of the migrations it ran. A
 * database that is away is reported at once: the server waits for one, an operator would not know for what.
 */
export async function updateSchema(): Promise<string[]> {
  const config = loadConfig();
  process.once('exit', (code) => {
    if (code === 0) tellOf(config.generatedFiles);
  });
  const dataSource = await createDataSource(dataSourceOptions(config));
  try {
    await open(dataSource);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const check = config.databaseUrl
      ? 'DATABASE_URL, and that the server it names runs'
      : 'the folder DATA_DIR';
    throw new CommandError(`The database cannot be opened (${message || code}); check ${check}.`, 1);
  }
  try {
    return await migrate(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** SQLite's file is locked for moments, before there is a statement that could wait, while others open or close it. */
async function open(dataSource: DataSource): Promise<void> {
  for (let tries = 1; !dataSource.isInitialized; tries += 1) {
    try {
      await dataSource.initialize();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'SQLITE_BUSY' || tries === BUSY_TRIES) throw error;
      await sleep(BUSY_PAUSE_MS);
    }
  }
}

/** The server tells of the secrets that it makes; of those made here, it will not. */
function tellOf(generatedFiles: readonly string[]): void {
  for (const file of generatedFiles)
    process.stderr.write(`made a secret: ${file} (keep it with your backups)\n`);
}

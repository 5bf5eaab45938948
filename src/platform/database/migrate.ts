import { MigrationExecutor, type DataSource, type EntityManager } from 'typeorm';
import { NewerSchemaError } from './database.errors.js';
import { migrations } from './migrations/migrations.js';
import { ImpatientQueryRunner } from './postgres.driver.js';

/** Any constant: the advisory lock that one starting copy holds while it migrates. */
const LOCK_ID = 0x6761_7465;

/**
 * Runs `work` in a transaction that no other copy of Gatehouse runs at the same time: PostgreSQL by an advisory lock,
 * SQLite by being the one writer.
 */
export async function exclusively<T>(
  dataSource: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  return dataSource.transaction(async (manager) => {
    if (manager.queryRunner instanceof ImpatientQueryRunner) {
      // Another copy's migration of a large table is worth waiting for.
      manager.queryRunner.isPatient = true;
      for (const limit of ['statement_timeout', 'idle_in_transaction_session_timeout']) {
        await manager.query('SELECT set_config($1, $2, true)', [limit, '0']);
      }
      await manager.query('SELECT pg_advisory_xact_lock($1)', [LOCK_ID]);
    }
    return work(manager);
  });
}

/** How a database's migrations, `ran`, compare with ours: what it has yet to run, and what only a newer program knows. */
export function compareMigrations(ran: readonly string[]): { pending: string[]; unknown: string[] } {
  const ours = migrations.map(({ name }) => name);
  return {
    pending: ours.filter((name) => !ran.includes(name)),
    unknown: ran.filter((name) => !ours.includes(name)),
  };
}

/**
 * Brings the schema up to date, once, however many copies start together. Returns the names of what it ran.
 * @throws NewerSchemaError where a newer program has migrated the database
 */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  return exclusively(dataSource, async (manager) => {
    const executor = new MigrationExecutor(dataSource, manager.queryRunner);
    // The transaction around it is ours: all of it or nothing.
    executor.transaction = 'none';
    const before = (await executor.getExecutedMigrations()).map(({ name }) => name);
    const { unknown } = compareMigrations(before);
    if (unknown.length > 0) throw new NewerSchemaError(unknown);
    const ran = await executor.executePendingMigrations();
    return ran.map(({ name }) => name);
  });
}

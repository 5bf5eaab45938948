import { resolve } from 'node:path';
import { CommandError, type OperatorCommand } from './operator.command.js';

/** `backup <file>`: the embedded database, as of one moment, beside a running server. */
export function addBackup(program: OperatorCommand): void {
  program
    .command('backup')
    .argument('<file>', 'where to; it must not be there yet')
    .description(
      'Copy the embedded database to a file while the server runs. Keep the keys as well, elsewhere: without them it opens nothing.',
    )
    .example('backup /backups/gatehouse-2026-11-22.sqlite')
    .action(async (path: string, _options: object, command: OperatorCommand) => {
      const [{ readSettings }, { backUp, BackupError }] = await Promise.all([
        import('../platform/config/config.module.js'),
        import('../operations/database-backup.js'),
      ]);
      const { databaseUrl, dataDir } = readSettings();
      if (databaseUrl !== undefined) {
        throw new CommandError(
          'DATABASE_URL names a PostgreSQL: back it up with pg_dump --format=custom, or its base backups and WAL archive (docs/operations.md)',
          1,
        );
      }
      const file = resolve(path);
      const bytes = await backUp(dataDir, file).catch((error: unknown) => {
        throw error instanceof BackupError ? new CommandError(`No backup: ${error.message}`, 1) : error;
      });
      command.print({ file, bytes }, `Wrote ${file} (${bytes} bytes), checked. ${keysOf(dataDir)}`);
    });
}

const keysOf = (dataDir: string): string =>
  `Keep the keys too, apart from it: encryption-key, jwt-secret and signing-keys.json of ${dataDir}, or what is set instead.`;

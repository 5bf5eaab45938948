import { CommanderError } from 'commander';
import { addAudit } from './commands/audit.command.js';
import { addContract } from './commands/contract.command.js';
import { addBackup } from './commands/backup.command.js';
import { addDoctor } from './commands/doctor.command.js';
import { addKeys } from './commands/keys.command.js';
import { addMail } from './commands/mail.command.js';
import { addMigrate } from './commands/migrate.command.js';
import { addOpenapi } from './commands/openapi.command.js';
import { CommandError, OperatorCommand } from './commands/operator.command.js';
import { addUsers } from './commands/users.command.js';
import { PROGRAM, version } from './platform/package.js';

// What is made in the data directory is for its owner only, the database too.
process.umask(0o077);

/** Runs one of the operator's commands. */
async function run(): Promise<void> {
  const program = new OperatorCommand(PROGRAM)
    .description("Gatehouse's command line for its operator. It works beside a running server.")
    .version(version)
    .option('--json', 'print one JSON document')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .example('users list');
  addUsers(program);
  addAudit(program);
  addKeys(program);
  addMail(program);
  addMigrate(program);
  addBackup(program);
  addContract(program);
  addDoctor(program);
  addOpenapi(program, async () => (await import('./app.module.js')).AppModule);
  await program.parseAsync();
}

async function fail(error: unknown): Promise<void> {
  // Commander's way to end after --help and --version.
  if (error instanceof CommanderError && error.exitCode === 0) return;
  const { message, exitCode } =
    error instanceof CommandError ? error : (await import('./commands/failure.js')).explain(error);
  process.stderr.write(`${message.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')}\n`);
  process.exitCode = exitCode;
}

// Whoever reads what we print may have read enough of it: `… users list | head -1`.
process.stdout.on('error', () => process.exit());

await run().catch(fail);

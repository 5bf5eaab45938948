import { CommanderError } from 'commander';
import { addKeys } from './commands/keys.command.js';
import { CommandError, OperatorCommand, PROGRAM } from './commands/operator.command.js';

const program = new OperatorCommand(PROGRAM).option('--json', 'print one JSON document').exitOverride();
addKeys(program);
await program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError && error.exitCode === 0) return;
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
});

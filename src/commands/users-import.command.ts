import { Option } from 'commander';
import type { Column } from '../admin/import/column.js';
import type { ConflictRule } from '../admin/import/import-plan.js';
import { formats, systems, type Format, type System } from '../admin/import/system.js';
import { withApplication } from './application.js';
import { mapped, separatorOf } from './import-options.js';
import { CommandError, type OperatorCommand } from './operator.command.js';

/** What `users import` is told. */
export interface ImportOptions {
  from: System;
  format?: Format;
  separator?: string;
  map?: ReadonlyMap<Column, string>;
  onConflict: ConflictRule;
  role: string;
  overwriteCredentials: boolean;
  rejects?: string;
  dryRun: boolean;
  wrap: boolean;
  unverified?: 'accept';
  unconfirmed?: 'accept' | 'drop';
  appKey?: string;
  appKeyFile?: string;
  firebaseParameters?: string;
}

/** `users import <file>`: accounts of another system, with their hashes and authenticators. */
export function addImport(users: OperatorCommand): void {
  const command = users
    .command('import')
    .description('Bring accounts from another system. Run again, it goes on: what is there already stays.')
    .argument('<file>', 'CSV, JSON Lines or JSON; - is standard input')
    .addOption(choice('--from <system>', 'whose export it is', systems).default('generic'))
    .addOption(choice('--format <format>', 'where the name of the file does not tell', formats))
    .option('--separator <character>', 'between the cells of a table, or tab (default: a comma)', separatorOf)
    .option('--map <old=new>', 'take the column old for new; =new leaves new out (repeatable)', mapped);
  addRules(command);
  addKeys(command)
    .example('users import users.csv --from laravel --app-key-file .env --dry-run')
    .action(async (file: string, options: ImportOptions, command: OperatorCommand) => {
      const { importFile, describe } = await import('./import-file.js');
      const tally = await withApplication((application) => importFile(file, options, application));
      command.print({ dry_run: options.dryRun, ...tally }, describe(tally, options.dryRun));
      if (tally.rejected === 0) return;
      const kept = options.rejects
        ? `they are in ${options.rejects}, with their hashes`
        : '--rejects <file> keeps them';
      throw new CommandError(`${tally.rejected} of ${tally.read} rows were rejected; ${kept}`, 1);
    });
}

function addRules(command: OperatorCommand): void {
  command
    .option('--dry-run', 'say what would happen, and write nothing', false)
    .addOption(
      choice('--on-conflict <rule>', 'where an e-mail has an account that differs', [
        'skip',
        'update',
        'fail',
      ]).default('skip'),
    )
    .option(
      '--overwrite-credentials',
      'let update replace passwords and authenticators that are newer than the file',
      false,
    )
    .option('--rejects <file>', 'keep the rejected rows as they came')
    .option('--role <role>', 'of accounts that come with none', 'client')
    .option('--wrap', 'lay bcrypt over fast hashes (MD5, SHA), so that none is stored', false)
    .addOption(choice('--unverified <rule>', 'e-mails that nobody has verified', ['accept']))
    .addOption(choice('--unconfirmed <rule>', 'two-factor that was never confirmed', ['accept', 'drop']));
}

const addKeys = (command: OperatorCommand): OperatorCommand =>
  command
    .option('--app-key <key>', 'APP_KEY of Laravel, for all to see who list processes: better the next')
    .option('--app-key-file <file>', 'a file with it, such as .env; - is standard input')
    .option('--firebase-parameters <file>', 'the password hash parameters of the Firebase project');

const choice = (flags: string, description: string, choices: readonly string[]): Option =>
  new Option(flags, description).choices(choices);

import type { OperatorCommand } from './operator.command.js';

/** `migrate`: what every start does, without the start. */
export function addMigrate(program: OperatorCommand): void {
  program
    .command('migrate')
    .description("Bring the database's schema up to date.")
    .example('migrate')
    .action(async (_options: object, command: OperatorCommand) => {
      const { updateSchema } = await import('./schema.js');
      const ran = await updateSchema();
      const text =
        ran.length === 0 ? 'The schema was up to date.' : ran.map((name) => `Ran ${name}`).join('\n');
      command.print({ ran }, text);
    });
}

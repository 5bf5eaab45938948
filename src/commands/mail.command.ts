import type { ListedMail } from '../mail/mail.service.js';
import { PROGRAM } from '../platform/package.js';
import { withApplication } from './application.js';
import { CommandError, type OperatorCommand } from './operator.command.js';
import { aligned } from './table.js';

const SHOWN = 100;

/** `mail …`: what waits to be sent, was sent, or was given up; never its content. Instants in ISO 8601, UTC. */
export function addMail(program: OperatorCommand): void {
  const mail = program
    .command('mail')
    .description('Show mails, and try those again that could not be sent.')
    .example('mail list --failed');
  addList(mail);
  addRetry(mail);
}

function addList(mail: OperatorCommand): void {
  mail
    .command('list')
    .description(`List the newest ${SHOWN} mails, and requests that lead to one, the newest first.`)
    .option('--failed', 'only those that were given up')
    .example('mail list')
    .action(async ({ failed = false }: { failed?: boolean }, command: OperatorCommand) => {
      const mails = await withApplication(({ mail }) => mail.list(SHOWN, failed ? 'failed' : undefined));
      const rows = mails.map(row);
      const titles = ['state', 'tries', 'kind', 'template', 'to', 'created', 'next try', 'error', 'id'];
      command.print({ mails: mails.map(dto) }, rows.length > 0 ? aligned([titles, ...rows]) : 'No mails.');
    });
}

function addRetry(mail: OperatorCommand): void {
  mail
    .command('retry')
    .description('Try mails again at once: a running server sends them.')
    .argument('[id]', 'of one, as "mail list" shows it')
    .option('--all', 'all that were given up')
    .example('mail retry --all')
    .action(async (id: string | undefined, { all }: { all?: true }, command: OperatorCommand) => {
      if ((id === undefined) === (all === undefined)) command.error('give either an id or --all');
      const retried = await withApplication(({ mail }) => mail.retry(id));
      if (id !== undefined && retried.length === 0)
        throw new CommandError(`No such mail waits or failed; see: ${PROGRAM} mail list`, 1);
      command.print({ retried }, `To be sent again: ${retried.length}.`);
    });
}

const instant = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : new Date(milliseconds).toISOString();

const dto = (mail: ListedMail) => ({
  id: mail.id,
  kind: mail.kind,
  template: mail.template,
  to: mail.to,
  state: mail.state,
  attempts: mail.attempts,
  created_at: instant(mail.createdAt),
  next_attempt_at: instant(mail.nextAttemptAt),
  finished_at: instant(mail.finishedAt),
  last_error: mail.lastError,
});

const row = (mail: ListedMail): string[] => [
  mail.state,
  String(mail.attempts),
  mail.kind,
  mail.template ?? '',
  mail.to ?? '',
  instant(mail.createdAt) ?? '',
  instant(mail.nextAttemptAt) ?? '',
  mail.lastError ?? '',
  mail.id,
];

import { InvalidArgumentError } from 'commander';
import { parseInstant } from '../platform/validation/instant.policy.js';
import { auditEventDto, explainedDto, lineOf, storyOf } from './audit.dto.js';
import { withApplication } from './application.js';
import { wholeNumber } from './number.js';
import { CommandError, type OperatorCommand } from './operator.command.js';

/** `audit …`: what was done and refused, and why. */
export function addAudit(program: OperatorCommand): void {
  const audit = program
    .command('audit')
    .description('Show what was done and what was refused, and why.')
    .example('audit list --since 2025-12-01');
  addExplain(audit);
  addList(audit);
}

function addExplain(audit: OperatorCommand): void {
  audit
    .command('explain')
    .description('Say why a request was refused, or what it did, and what to do about it.')
    .argument('<request-id>', 'what the client was told in X-Request-Id')
    .example('audit explain e942428f-2a98-47a6-be74-db072206f0a2')
    .action(async (requestId: string, _options: object, command: OperatorCommand) => {
      const id = requestId.toLowerCase();
      if (!/^[\w-]{1,36}$/.test(id)) throw new CommandError('That is no request id.', 2);
      const events = await withApplication(({ auditEvents }) => auditEvents.ofRequest(id));
      if (events.length === 0) throw new CommandError(NOTHING, 1);
      const stories = events.map((event) => storyOf(event)).join('\n');
      command.print({ request_id: id, events: events.map(explainedDto) }, stories);
    });
}

const NOTHING =
  'The audit has nothing of that request: nothing was refused or changed, it is older than AUDIT_RETENTION_DAYS, or it was one of too many (audit list --event audit.left_out)';

interface ListOptions {
  user?: string;
  event?: string;
  reason?: string;
  since?: number;
  before?: string;
  limit: number;
}

function addList(audit: OperatorCommand): void {
  audit
    .command('list')
    .description('List what was done and refused, the newest first, a page at a time.')
    .option('--user <user>', 'of this account: e-mail address, public id or number')
    .option('--event <name>', 'such as login.refused')
    .option('--reason <reason>', 'such as wrong_password')
    .option('--since <time>', 'from this time on: 2025-12-01, or 2025-12-01T16:14Z', instant)
    .option('--before <id>', 'only what came before the event of this id')
    .option('--limit <count>', 'how many at most, 1 to 1000', wholeNumber(1, 1_000), 100)
    .example('audit list --user ada@example.com --event login.refused')
    .action(async ({ user, ...filter }: ListOptions, command: OperatorCommand) => {
      const { events, next } = await withApplication(async ({ accounts, auditEvents }) => {
        // A deleted account has nothing left but its public id.
        const isPublicId = user !== undefined && /^(?!\d+$)[A-Z0-9]{8}$/.test(user);
        const publicId = user === undefined || isPublicId ? user : (await accounts.find(user)).publicId;
        return auditEvents.page({ publicId, ...filter });
      });
      const shown = events.map(auditEventDto);
      const more = next === null ? '' : `\nThere may be more: --before ${next}`;
      command.print({ events: shown, next }, (shown.map(lineOf).join('\n') || 'No events.') + more);
    });
}

function instant(text: string): number {
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/.test(text);
  const value = isTime ? parseInstant(text) : undefined;
  if (value !== undefined) return value;
  throw new InvalidArgumentError(
    'It must be a date or a time in UTC, such as 2025-12-01 or 2025-12-01T16:14Z.',
  );
}

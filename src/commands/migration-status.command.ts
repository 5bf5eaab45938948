import type { KindStatus, MigrationStatus } from '../admin/import/migration-status.service.js';
import { withApplication } from './application.js';
import type { OperatorCommand } from './operator.command.js';
import { aligned } from './table.js';

/** `users migration-status`: how many hashes of each kind are left that came from elsewhere. */
export function addMigrationStatus(users: OperatorCommand): void {
  users
    .command('migration-status')
    .description(
      'Tell how many accounts still have a hash from elsewhere, of which kind, and how fast they get fewer.',
    )
    .example('users migration-status')
    .action(async (_options: object, command: OperatorCommand) => {
      const status = await withApplication(({ migrationStatus }) => migrationStatus.status());
      command.print(
        { ...status, kinds: status.kinds.map((each) => ({ ...each, weeks_to_go: weeksToGo(each) })) },
        describe(status),
      );
    });
}

function describe({ own, current, without_password, kinds }: MigrationStatus): string {
  const head = `${current} accounts have a hash of our own (${own}), ${without_password} have none.`;
  if (kinds.length === 0) return `${head} No other kind is left.`;
  const rows = kinds.map((each) => [each.kind, String(each.left), each.upgraded.join(' '), outlookOf(each)]);
  return `${head}\n${aligned([['kind', 'left', 'upgraded in the last weeks', 'outlook'], ...rows])}`;
}

/** Verified as long as our own are made so. */
const OWN = ['bcrypt', 'argon2id'];

/** At the pace of the last weeks; null: at that pace never. */
function weeksToGo({ left, upgraded }: KindStatus): number | null {
  if (left === 0) return 0;
  const perWeek = upgraded.reduce((sum, count) => sum + count, 0) / upgraded.length;
  return perWeek === 0 ? null : Math.ceil(left / perWeek);
}

function outlookOf(kind: KindStatus): string {
  const weeks = weeksToGo(kind);
  if (weeks === 0) return OWN.includes(kind.kind) ? 'none is left' : 'none is left: its verifier may go';
  return weeks === null
    ? 'nobody logs in: have their passwords reset by mail'
    : `${weeks} ${weeks === 1 ? 'week' : 'weeks'} at that pace`;
}

import type { AccountsService } from '../admin/accounts.service.js';
import type { User } from '../users/user.entity.js';
import { accountDto, describeAccount, tableOf } from './account.dto.js';
import { withApplication } from './application.js';
import { wholeNumber } from './number.js';
import { readPassword } from './password.js';
import { addMigrationStatus } from './migration-status.command.js';
import { addImport } from './users-import.command.js';
import type { OperatorCommand } from './operator.command.js';

const USER = 'e-mail address, public id or number';
const NO_PASSWORD = 'nobody can log in to it until "users set-password" gives it one';

/** `users …`: accounts, one at a time. */
export function addUsers(program: OperatorCommand): void {
  const users = program
    .command('users')
    .description('Create, show and change accounts.')
    .example('users list');
  addCreate(users);
  addList(users);
  addShow(users);
  addChanges(users);
  addFinalChanges(users);
  addSetRole(users);
  addSetPassword(users);
  addImport(users);
  addMigrationStatus(users);
}

function addCreate(users: OperatorCommand): void {
  users
    .command('create')
    .description('Create an account.')
    .requiredOption('--email <address>', 'its e-mail address')
    .option('--role <role>', 'client, admin or a role of your own', 'client')
    .option('--password-stdin', `read its password from standard input; without one, ${NO_PASSWORD}`)
    .example(
      'users create --email ada@example.com --role client --password-stdin',
      `printf %s "$PASSWORD" | `,
    )
    .action(
      async (options: { email: string; role: string; passwordStdin?: true }, command: OperatorCommand) => {
        const { email, role, passwordStdin } = options;
        const password = passwordStdin ? await readPassword() : null;
        const user = await withApplication(({ accounts }) => accounts.create({ email, role, password }));
        const note = password === null ? ` without a password: ${NO_PASSWORD}` : '';
        command.print(accountDto(user), `Created ${nameOf(user)}${note}.`);
      },
    );
}

interface ListOptions {
  search?: string;
  role?: string;
  disabled?: boolean;
  twoFactor?: boolean;
  limit: number;
  after: number;
}

function addList(users: OperatorCommand): void {
  users
    .command('list')
    .description('List accounts by number, a page at a time.')
    .option('--search <part>', 'only those with this in their e-mail address')
    .option('--role <role>', 'only those of this role')
    .option('--disabled', 'only those that are disabled')
    .option('--no-disabled', 'only those that are not')
    .option('--two-factor', 'only those with two-factor on')
    .option('--no-two-factor', 'only those without')
    .option('--limit <count>', 'how many at most, 1 to 1000', wholeNumber(1, 1_000), 100)
    .option('--after <number>', 'only accounts of greater numbers', wholeNumber(0, 0x7fff_ffff), 0)
    .example('users list --role admin --limit 20')
    .action(async (options: ListOptions, command: OperatorCommand) => {
      const { accounts, next } = await withApplication(({ accountPages }) => accountPages.page(options));
      const page = accounts.map(({ user }) => accountDto(user));
      const more = next === null ? '' : `\nThere are more: --after ${next}`;
      command.print({ users: page, next }, (page.length === 0 ? 'No accounts.' : tableOf(page)) + more);
    });
}

function addShow(users: OperatorCommand): void {
  users
    .command('show')
    .description('Show an account.')
    .argument('<user>', USER)
    .example('users show ada@example.com')
    .action(async (name: string, _options: object, command: OperatorCommand) => {
      const account = accountDto(await withApplication(({ accounts }) => accounts.find(name)));
      command.print(account, describeAccount(account));
    });
}

/** A command that does one thing to one account: `work` does it and says what was done. */
function addChange(
  users: OperatorCommand,
  name: string,
  description: string,
  work: (accounts: AccountsService, user: string) => Promise<{ user: User; done: string }>,
): void {
  users
    .command(name)
    .description(description)
    .argument('<user>', USER)
    .example(`users ${name} ada@example.com`)
    .action(async (name: string, _options: object, command: OperatorCommand) => {
      const { user, done } = await withApplication(({ accounts }) => work(accounts, name));
      command.print(accountDto(user), done);
    });
}

function addChanges(users: OperatorCommand): void {
  addChange(
    users,
    'disable',
    'Keep everybody out of an account, and end its sessions.',
    async (accounts, name) => {
      const user = await accounts.disable(name);
      return { user, done: `Disabled ${nameOf(user)}; its sessions have ended.` };
    },
  );
  addChange(users, 'enable', 'Let the owner of a disabled account in again.', async (accounts, name) => {
    const user = await accounts.enable(name);
    return { user, done: `Enabled ${nameOf(user)}.` };
  });
}

function addFinalChanges(users: OperatorCommand): void {
  addChange(
    users,
    'delete',
    'Delete an account for good; its ids are not given out again.',
    async (accounts, name) => {
      const user = await accounts.delete(name);
      return { user, done: `Deleted ${nameOf(user)}; its sessions have ended.` };
    },
  );
  addChange(
    users,
    'reset-two-factor',
    'Turn two-factor off for somebody who lost it.',
    async (accounts, name) => {
      const { user, wasOn } = await accounts.resetTwoFactor(name);
      const done = wasOn ? 'Turned two-factor off for' : 'Two-factor was not on for';
      return { user, done: `${done} ${nameOf(user)}${wasOn ? '; its sessions have ended' : ''}.` };
    },
  );
}

function addSetRole(users: OperatorCommand): void {
  users
    .command('set-role')
    .description('Give an account another role, and end its sessions.')
    .argument('<user>', USER)
    .requiredOption('--role <role>', 'client, admin or a role of your own')
    .example('users set-role ada@example.com --role admin')
    .action(async (name: string, { role }: { role: string }, command: OperatorCommand) => {
      const user = await withApplication(({ accounts }) => accounts.setRole(name, role));
      command.print(accountDto(user), `Gave ${nameOf(user)} the role ${role}; its sessions have ended.`);
    });
}

function addSetPassword(users: OperatorCommand): void {
  users
    .command('set-password')
    .description('Give an account a new password, and end its sessions.')
    .argument('<user>', USER)
    .requiredOption('--password-stdin', 'read the password from standard input')
    .example('users set-password ada@example.com --password-stdin', `printf %s "$PASSWORD" | `)
    .action(async (name: string, _options: object, command: OperatorCommand) => {
      const password = await readPassword();
      const user = await withApplication(({ accounts }) => accounts.setPassword(name, password));
      command.print(accountDto(user), `Set the password of ${nameOf(user)}; its sessions have ended.`);
    });
}

const nameOf = ({ id, publicId, email }: User): string => `account ${id} (${publicId}, ${email})`;

import { InvalidArgumentError } from 'commander';
import type { User } from '../users/user.entity.js';
import { accountDto, describeAccount, tableOf } from './account.dto.js';
import { withApplication } from './application.js';
import { readPassword } from './password.js';
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
  addDisable(users);
  addEnable(users);
  addSetPassword(users);
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

function addList(users: OperatorCommand): void {
  users
    .command('list')
    .description('List accounts by number, a page at a time.')
    .option('--limit <count>', 'how many at most, 1 to 1000', wholeNumber(1, 1_000), 100)
    .option('--after <number>', 'only accounts of greater numbers', wholeNumber(0, 0x7fff_ffff), 0)
    .example('users list --limit 20')
    .action(async ({ limit, after }: { limit: number; after: number }, command: OperatorCommand) => {
      const rows = await withApplication(({ users }) => users.list({ after, limit: limit + 1 }));
      const page = rows.slice(0, limit).map(accountDto);
      const next = rows.length > limit ? (page.at(-1)?.id ?? null) : null;
      const more = next === null ? '' : `\nThere are more: --after ${next}`;
      command.print({ users: page, next }, page.length === 0 ? 'No accounts.' : tableOf(page) + more);
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

function addDisable(users: OperatorCommand): void {
  users
    .command('disable')
    .description('Keep everybody out of an account, and end its sessions.')
    .argument('<user>', USER)
    .example('users disable ada@example.com')
    .action(async (name: string, _options: object, command: OperatorCommand) => {
      const user = await withApplication(({ accounts }) => accounts.disable(name));
      command.print(accountDto(user), `Disabled ${nameOf(user)}; its sessions have ended.`);
    });
}

function addEnable(users: OperatorCommand): void {
  users
    .command('enable')
    .description('Let the owner of a disabled account in again.')
    .argument('<user>', USER)
    .example('users enable ada@example.com')
    .action(async (name: string, _options: object, command: OperatorCommand) => {
      const user = await withApplication(({ accounts }) => accounts.enable(name));
      command.print(accountDto(user), `Enabled ${nameOf(user)}.`);
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

const wholeNumber = (min: number, max: number) => (text: string) => {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
};

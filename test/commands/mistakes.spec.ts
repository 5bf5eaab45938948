import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { onSqlite } from '../support/scope.js';
import { gatehouse, gatehouseJson, type GatehouseOptions } from './gatehouse.js';

type Mistake = [args: string, code: 1 | 2, line: RegExp, options?: GatehouseOptions];

const help = (command: string) => new RegExp(`; see: npm run -s gatehouse -- ${command}--help$`);
const away = { env: { DATABASE_URL: 'postgres://127.0.0.1:1/gatehouse' } };
const short = { input: 'short\n' };

/** Before anything is asked of a database. */
const misspelt: Mistake[] = [
  ['', 2, help('')],
  ['users', 2, help('users ')],
  ['user', 2, /^unknown command 'user' \(Did you mean users\?\); see: /],
  ['users crate', 2, help('users ')],
  ['--colour', 2, help('')],
  ['users list --lmit 3', 2, help('users list ')],
  ['users list --limit 0', 2, /whole number from 1 to 1000; see: /],
  ['users list --limit 1001', 2, /whole number from 1 to 1000; see: /],
  ['users list --after -1', 2, /whole number from 0 to 2147483647; see: /],
  ['users list --after 1e3', 2, /whole number from 0 to 2147483647; see: /],
  ['users list extra', 2, help('users list ')],
  ['users show', 2, /^missing required argument 'user'; see: /],
  ['users create', 2, /^required option '--email <address>' not specified; see: /],
  ['users create --email', 2, /argument missing; see: /],
  ['users set-password ada@example.com', 2, /^required option '--password-stdin' not specified; see: /],
  ['users create --email ada.example.com', 2, /valid email address\.$/],
  ['users create --email x@example.com --role Big', 2, /^The role field must be /],
  ['users create --email x@example.com --password-stdin', 2, /at least 8 characters\.$/, short],
  ['users create --email x@example.com --password-stdin', 2, /at most 72 bytes/, { input: 'é'.repeat(37) }],
  ['users set-password ada@example.com --password-stdin', 2, /at least 8 characters\.$/, { input: '\n' }],
  ['users list', 1, /^HOST: must be .*; PORT: must be /, { env: { PORT: 'x', HOST: 'a b' } }],
  [
    'migrate',
    1,
    /^JWT_SECRET: must be set .* make one with: /,
    { env: { NODE_ENV: 'production', BCRYPT_COST: '10' } },
  ],
  ['users list', 1, /^The database cannot be opened \(.*ECONNREFUSED.*\); check DATABASE_URL/, away],
];

const refused: Mistake[] = [
  ['users create --email ADA@example.com', 1, /has an account already; see: .* users show/],
  ['users show bob@example.com', 1, /^There is no such account; see: npm run -s gatehouse -- users list$/],
  ['users disable ada', 1, /^There is no such account; /],
  ['users enable 0', 1, /^There is no such account; /],
  ['users set-password bob --password-stdin', 1, /^There is no such account; /, { input: 'long enough' }],
];

describe('a mistake ends with one line that says what to do next', () => {
  let database: TestDatabase;
  let before: unknown;
  beforeAll(async () => {
    database = await createDatabase();
    await gatehouseJson(database, ['users', 'create', '--email', 'ada@example.com']);
    before = await gatehouseJson(database, ['users', 'list']);
  });
  afterAll(async () => {
    expect(await gatehouseJson(database, ['users', 'list'])).toEqual(before);
    await database.drop();
  });

  const titled = (mistakes: Mistake[]) => mistakes.map((mistake) => ({ mistake, title: mistake[0] }));
  async function expectLine({ mistake }: { mistake: Mistake }): Promise<void> {
    const [args, code, line, options] = mistake;
    const outcome = await gatehouse(database, args.split(' ').filter(Boolean), options);
    expect(outcome).toEqual({ code, stdout: '', stderr: expect.stringMatching(/^[^\n]+\n$/) });
    expect(outcome.stderr.trimEnd()).toMatch(line);
  }

  it.each(titled(refused))('$title', expectLine);

  onSqlite('whatever the database', () => {
    it.each(titled(misspelt))('$title', expectLine);
  });

  it('also with --json', async () => {
    const { code, stdout, stderr } = await gatehouse(database, ['--json', 'users', 'show', 'nobody']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^There is no such account; .*\n$/);
  });

  it('also where what was typed has line ends', async () => {
    const { stderr } = await gatehouse(database, ['users', 'a\nb\u001b[31m\u2028']);
    expect(stderr).toMatch(/^unknown command 'a b \[31m '.*\n$/);
  });

  it('also where the file of the database is none', async () => {
    const broken = await createDatabase();
    writeFileSync(join(broken.dataDir, 'gatehouse.sqlite'), 'no database\n'.repeat(1_000));
    const sqlite = { ...broken, databaseUrl: undefined };
    // The folder is none of ours yet, and must be its owner's only to become one: mkdtemp made it so.
    const { code, stderr } = await gatehouse(sqlite, ['users', 'list']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^The database cannot be opened \(file is not a database\); check the folder DATA_DIR\.\n$/,
    );
    await broken.drop();
  });
});

import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { laravelKeysIn } from '../../src/commands/import-options.js';
import { startApp, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post, send } from '../support/http.js';
import { importText, type ImportOptions } from '../support/import.js';
import { Authenticator } from '../support/second-factor.js';
import { gatehouse, gatehouseJson } from './gatehouse.js';

interface Vector {
  app_key: string;
  secret: string;
  recovery_codes: [string, string];
  two_factor_secret: string;
  two_factor_recovery_codes: string;
  password: string;
}
const fixture = readFileSync(new URL('../fixtures/fortify.json', import.meta.url), 'utf8');
const [fortify] = JSON.parse(fixture) as [Vector];
const PASSWORD = 'old Pa55word';
const HASH = bcrypt.hashSync(PASSWORD, 4).replace('$2b$', '$2y$');

interface Row {
  id: number;
  public_id: string;
  email: string;
  password_hash: string | null;
  role: string;
  disabled_at: number | null;
  created_at: number;
}

describe('an import', () => {
  let t: TestApp;
  beforeAll(async () => {
    t = await startApp();
  });
  afterAll(() => t.close());

  const bring = (text: string | string[], options?: ImportOptions) =>
    importText(t, typeof text === 'string' ? text : `${text.join('\n')}\n`, options);
  const rowOf = async (email: string): Promise<Row | undefined> =>
    (await t.dataSource.query<Row[]>('SELECT * FROM users WHERE email = $1', [email]))[0];
  const everything = async (): Promise<unknown[]> => [
    await t.dataSource.query<unknown>('SELECT * FROM users ORDER BY id'),
    await t.dataSource.query<unknown>('SELECT * FROM two_factor ORDER BY user_id'),
    await t.dataSource.query<unknown>('SELECT * FROM recovery_codes ORDER BY user_id, code_hash'),
  ];
  const tryLogin = async (email: string, password: string, factor = {}) =>
    (await post(`${t.url}/v1/login`, { email, password, ...factor })).status;
  const reasons = ({ rejected }: { rejected: { reason: string; row: { line: number } }[] }) =>
    rejected.map(({ row, reason }) => [row.line, reason]);

  it('lets people in from a Laravel table: old password, authenticator, recovery code, the same number', async () => {
    const table = [
      'id,name,email,email_verified_at,password,remember_token,created_at,updated_at,two_factor_secret,two_factor_recovery_codes,two_factor_confirmed_at',
      `1042,Ada,Ada@Laravel.example,2021-01-01 00:00:00,${HASH},x,2020-02-03 04:05:06,NULL,${fortify.two_factor_secret},${fortify.two_factor_recovery_codes},2021-01-01 00:00:00`,
      `1043,"Bob, the ""other""",bob@laravel.example,2021-01-01 00:00:00,${HASH},,2020-02-03 04:05:06,,,,`,
    ];
    const keys = { laravel: laravelKeysIn(`APP_NAME=x\nAPP_KEY=${fortify.app_key}\n`) };
    const { tally, rejected } = await bring(table, { from: 'laravel', keys });
    expect(rejected).toEqual([]);
    expect(tally).toMatchObject({ created: 2, two_factor: 1, kinds: { bcrypt: 2 } });
    const email = 'ada@laravel.example';
    const { code } = { code: new Authenticator(fortify.secret).code(t.clock.now()) };
    expect(await tryLogin(email, PASSWORD)).toBe(400);
    expect(await tryLogin(email, 'wrong', { code })).toBe(401);
    const answer = await post(`${t.url}/api/users/auth`, { email, password: PASSWORD, code });
    expect(answer.body).toMatchObject({ user: { id: 1042, email, role: 'client' } });
    const [used, other] = fortify.recovery_codes;
    const statuses = [used, used, other.toLowerCase().replace('-', ' ')].map(
      async (recovery_code) => [recovery_code, await tryLogin(email, PASSWORD, { recovery_code })] as const,
    );
    expect((await Promise.all(statuses)).map(([, status]) => status).sort()).toEqual([200, 200, 401]);
    expect(await tryLogin('bob@laravel.example', PASSWORD)).toBe(200);
    const row = await rowOf(email);
    expect(row).toMatchObject({
      id: 1042,
      created_at: Date.parse('2020-02-03T04:05:06Z'),
      disabled_at: null,
    });
    // At the first right password it has become ours.
    expect(row?.password_hash).toMatch(/^\$2b\$04\$/);
    const [factor] = await t.dataSource.query<[{ secret: string }]>(
      'SELECT secret FROM two_factor WHERE user_id = 1042',
    );
    expect(factor.secret).not.toContain(fortify.secret);
  });

  it('rejects a row with its line and the reason, takes none of it, and gives it back as it came', async () => {
    const good = `good@rows.example,${HASH},,,,`;
    const bad: [string, RegExp][] = [
      [`nobody,${HASH},,,,`, /no e-mail/],
      [`a@rows.example,$2y$99$nonsense,,,,`, /hash/i],
      [`b@rows.example,${HASH},emperor,,,`, /^role must be one of/],
      [`c@rows.example,${HASH},,0,,`, /^id is no number/],
      [`j@rows.example,${HASH},,2147483647,,`, /^id is no number/],
      [`d@rows.example,${HASH},,,GEZDGNBV,`, /^two_factor_secret is not of 10 to 55 bytes$/],
      [`e@rows.example,${HASH},,,GEZDGNBVGY3TQOJQ18,`, /base32/],
      [`f@rows.example,${HASH},,,otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&digits=8,`, /6 digits every 30 s/],
      [`g@rows.example,${HASH},,,GEZDGNBVGY3TQOJQ,12345678`, /^recovery_codes are not/],
      [`h@rows.example,${HASH},,`, /4 columns, and the header 6/],
    ];
    const header = 'email,password_hash,role,id,two_factor_secret,recovery_codes';
    const imported = await bring([header, ...bad.map(([line]) => line), good]);
    expect(imported.tally).toMatchObject({ read: 11, created: 1, rejected: 10 });
    expect(imported.rejected.map(({ row }) => row.line)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for (const [i, [, reason]] of bad.entries()) expect(imported.rejected[i]?.reason).toMatch(reason);
    expect(imported.rejected.map(({ row }) => row.raw)).toEqual(bad.map(([line]) => `${line}\n`));
    expect(JSON.stringify(reasons(imported))).not.toMatch(/\$2y|GEZD|12345678/);
    expect(await t.dataSource.query("SELECT email FROM users WHERE email LIKE '%@rows.example'")).toEqual([
      { email: 'good@rows.example' },
    ]);
  });

  it('run again changes nothing, whatever the rule', async () => {
    const table = [
      'email,password_hash,id,two_factor_secret,recovery_codes',
      ...Array.from({ length: 1_500 }, (_, i) => `again${i}@example.com,${HASH},${5_000 + i},,`),
      `again@example.com,${HASH},,GEZDGNBVGY3TQOJQ,abcd-efgh-ijkl-mnop`,
    ];
    expect((await bring(table)).tally).toMatchObject({ created: 1_501 });
    const before = await everything();
    for (const onConflict of ['skip', 'update', 'fail'] as const)
      expect((await bring(table, { onConflict })).tally).toMatchObject({
        unchanged: 1_501,
        created: 0,
        rejected: 0,
      });
    expect(await everything()).toEqual(before);
  });

  describe('where an e-mail has an account', () => {
    const row = (email: string, role: string) => ['email,role', `new-${email},client`, `${email},${role}`];

    it('skip leaves it', async () => {
      await t.createUser('skip@example.com');
      expect((await bring(row('skip@example.com', 'admin'))).tally).toMatchObject({ created: 1, skipped: 1 });
      expect(await rowOf('skip@example.com')).toMatchObject({ role: 'client' });
    });

    it('fail stops before its batch', async () => {
      await t.createUser('fail@example.com');
      const run = bring(row('fail@example.com', 'admin'), { onConflict: 'fail' });
      await expect(run).rejects.toMatchObject({ name: 'ImportConflict', line: 3 });
      expect(await rowOf('new-fail@example.com')).toBeUndefined();
    });

    it('update gives it what the row says and no more, ends its sessions, and is in the audit', async () => {
      const { id, publicId } = await t.createUser('update@example.com');
      const token = await login(t.url, 'update@example.com', 'mySecur€Password!');
      const before = await rowOf('update@example.com');
      const options = { onConflict: 'update' } as const;
      expect((await bring(row('update@example.com', 'admin'), options)).tally).toMatchObject({ updated: 1 });
      expect(await rowOf('update@example.com')).toMatchObject({
        ...before,
        role: 'admin',
        updated_at: expect.anything() as unknown,
      });
      expect((await send(`${t.url}/api/films`, { headers: bearer(token) })).status).toBe(401);
      const events = await t.dataSource.query<unknown>(
        "SELECT public_id, actor, details FROM audit_events WHERE event = 'account.overwritten' AND user_id = $1",
        [id],
      );
      expect(events).toEqual([
        { public_id: publicId, actor: 'command line', details: '{"changed":["role"]}' },
      ]);
    });

    it('update replaces the second factor, and leaves it where the row has none', async () => {
      const table = (secret: string) => [
        'email,password_hash,two_factor_secret',
        `factor@example.com,${HASH},${secret}`,
      ];
      const [old, other] = ['GEZDGNBVGY3TQOJQ', 'JBSWY3DPEHPK3PXP'];
      await bring(table(old));
      const code = (secret: string) => ({ code: new Authenticator(secret).code(t.clock.now()) });
      expect((await bring(table(other), { onConflict: 'update' })).tally).toMatchObject({ updated: 1 });
      expect(await tryLogin('factor@example.com', PASSWORD, code(old))).toBe(401);
      await bring(['email,role', 'factor@example.com,admin'], { onConflict: 'update' });
      expect(await tryLogin('factor@example.com', PASSWORD, code(other))).toBe(200);
    });

    it('update leaves a password and an authenticator that are newer than the file, unless it is told otherwise', async () => {
      const [old, other] = ['GEZDGNBVGY3TQOJQ', 'JBSWY3DPEHPK3PXP'];
      const table = (secret: string) => [
        'email,password_hash,two_factor_secret',
        `newer@example.com,${HASH},${secret}`,
      ];
      const code = (secret: string) => ({ code: new Authenticator(secret).code(t.clock.now()) });
      await bring(table(old));
      expect(await tryLogin('newer@example.com', PASSWORD, code(old))).toBe(200);
      const row = await rowOf('newer@example.com');
      expect(row).not.toMatchObject({ password_hash: HASH });
      const options = { onConflict: 'update' } as const;
      for (const secret of [old, other])
        expect((await bring(table(secret), options)).tally).toMatchObject({ unchanged: 1, updated: 0 });
      expect(await rowOf('newer@example.com')).toEqual(row);
      const told = { ...options, overwriteCredentials: true };
      expect((await bring(table(other), told)).tally).toMatchObject({ updated: 1 });
      expect(await rowOf('newer@example.com')).toMatchObject({ password_hash: HASH });
      expect(await tryLogin('newer@example.com', PASSWORD, code(other))).toBe(200);
    });

    it('update never takes the last administrator away', async () => {
      const { email } = await t.app
        .get(AccountsService)
        .find('admin@example.com')
        .catch(() => t.createUser('admin@example.com', 'admin'));
      await t.dataSource.query("UPDATE users SET role = 'client' WHERE role = 'admin' AND email <> $1", [
        email,
      ]);
      await t.dataSource.query('UPDATE users SET password_hash = $1 WHERE email = $2', [HASH, email]);
      for (const line of [`${email},client,`, `${email},,true`]) {
        const imported = await bring(['email,role,disabled', line], { onConflict: 'update' });
        expect(reasons(imported)).toEqual([[2, 'its account is the last administrator, who must stay']]);
      }
      expect(await rowOf(email)).toMatchObject({ role: 'admin', disabled_at: null });
    });

    it('an id or public id of somebody else is rejected', async () => {
      const { id, publicId } = await t.createUser('other@example.com');
      const imported = await bring([
        'email,id,public_id',
        `x1@example.com,${id},`,
        `x2@example.com,,${publicId}`,
        'x3@example.com,,QQQQQQQQ',
        'x4@example.com,,QQQQQQQQ',
      ]);
      expect(reasons(imported).map(([line]) => line)).toEqual([2, 3, 5]);
    });
  });

  it('gives nobody a number twice that came along', async () => {
    await bring(['email,id', 'high@example.com,900000', 'low@example.com,800000']);
    await t.app.get(AccountsService).delete('high@example.com');
    const next = await t.createUser('next@example.com');
    expect(next.id).toBeGreaterThan(900_000);
  });

  it('leaves numbers to those who come after, whatever number came along', async () => {
    await bring(['email,id', 'last@example.com,2147483647', 'highest@example.com,2000000000']);
    expect(await t.createUser('after@example.com')).toMatchObject({ id: 2_000_000_001 });
  });

  it('a dry run tells what would happen, and writes nothing', async () => {
    const table = [
      'email,password_hash,id,two_factor_secret',
      `dry1@example.com,${HASH},70001,GEZDGNBVGY3TQOJQ`,
      `dry1@example.com,${'1'.repeat(32)},,`,
      `dry2@example.com,${HASH},70001,`,
      'dry3@example.com,,,',
      `dry4@example.com,${'0'.repeat(32)},,`,
      'dry5@example.com,nonsense,,',
      `next@example.com,${HASH},,`,
    ];
    const before = await everything();
    const dry = await bring(table, { dryRun: true });
    expect(await everything()).toEqual(before);
    const { tally } = await bring(table);
    expect(dry.tally).toEqual({ ...tally, kinds: { bcrypt: 3, none: 1, md5: 2 } });
    expect(dry.tally).toMatchObject({
      read: 7,
      created: 3,
      unchanged: 1,
      skipped: 1,
      rejected: 2,
      two_factor: 1,
    });
    expect(
      reasons(dry)
        .map(([line]) => line)
        .sort(),
    ).toEqual([4, 7]);
  });

  it('lays bcrypt over fast hashes, so that none is stored, and the password opens still', async () => {
    const md5 = createHash('md5').update(PASSWORD).digest('hex');
    await bring(['email,password_hash', `wrapped@example.com,${md5}`, `slow@example.com,${HASH}`], {
      wrap: true,
    });
    const wrapped = await rowOf('wrapped@example.com');
    expect(wrapped?.password_hash).toMatch(/^\$wrapped\$md5\$/);
    expect(wrapped?.password_hash).not.toContain(md5);
    expect(await rowOf('slow@example.com')).toMatchObject({ password_hash: HASH });
    expect(await tryLogin('wrapped@example.com', 'wrong')).toBe(401);
    expect(await tryLogin('wrapped@example.com', PASSWORD)).toBe(200);
    const events = await t.dataSource.query<[{ details: string }]>(
      "SELECT details FROM audit_events WHERE event = 'account.password_upgraded' ORDER BY id DESC LIMIT 1",
    );
    expect(JSON.parse(events[0].details)).toEqual({ from: 'wrapped-md5', to: 'bcrypt' });
  });

  it.each<[string, string, ImportOptions, number]>([
    ['never verified', 'email,verified\nu1@example.com,false\n', {}, 0],
    ['never verified, taken', 'email,verified\nu2@example.com,\n', { acceptUnverified: true }, 1],
    ['verified once', 'email,verified\nu3@example.com,2020-01-01\n', {}, 1],
    ['whose export does not say', 'email\nu4@example.com\n', {}, 1],
  ])('decides on an e-mail %s', async (_, text, options, created) => {
    expect((await bring(text, options)).tally).toMatchObject({ created });
  });

  it('decides on two-factor that was never confirmed', async () => {
    const table = (email: string) => [
      'email,two_factor_secret,two_factor_confirmed',
      `${email}@example.com,GEZDGNBVGY3TQOJQ,`,
    ];
    expect((await bring(table('c1'))).tally).toMatchObject({ rejected: 1 });
    expect((await bring(table('c2'), { unconfirmed: 'drop' })).tally).toMatchObject({
      created: 1,
      two_factor: 0,
    });
    expect((await bring(table('c3'), { unconfirmed: 'accept' })).tally).toMatchObject({
      created: 1,
      two_factor: 1,
    });
  });

  it('takes a column by another name, or leaves it out', async () => {
    const map = new Map([
      ['email', 'contact.mail'],
      ['two_factor_secret', ''],
    ] as const);
    const line = JSON.stringify({ contact: { mail: 'mapped@example.com' }, two_factor_secret: 'x' });
    expect((await bring(`${line}\n`, { format: 'jsonl', map })).tally).toMatchObject({
      created: 1,
      two_factor: 0,
    });
  });
});

describe('users import', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());
  const path = (name: string) => join(database.dataDir, name);

  it('keeps the rejects for their owner only, and takes them once they are repaired', async () => {
    writeFileSync(
      path('users.csv'),
      `email,password_hash\na@example.com,${HASH}\nb@example.com,"oops\nc@,${HASH}\n`,
    );
    writeFileSync(path('rejects.csv'), 'from before', { mode: 0o644 });
    const args = ['users', 'import', path('users.csv'), '--rejects', path('rejects.csv')];
    const { code, stdout, stderr } = await gatehouse(database, args);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Read 3 rows:\n {2}created {4}1\n/);
    expect(stderr).toContain('line 3: its quotes do not match\nline 4: email is no e-mail address');
    expect(stderr).toMatch(/2 of 3 rows were rejected; they are in .*rejects\.csv, with their hashes\n$/);
    expect(stdout + stderr).not.toContain(HASH);
    const rejects = readFileSync(path('rejects.csv'), 'utf8');
    expect(rejects).toBe(`email,password_hash\nb@example.com,"oops\nc@,${HASH}\n`);
    expect(statSync(path('rejects.csv')).mode & 0o777).toBe(0o600);
    const repaired = rejects.replace('"oops', HASH).replace('c@,', 'c@example.com,');
    const input = await gatehouseJson(database, ['users', 'import', '-'], repaired);
    expect(input).toMatchObject({ dry_run: false, created: 2, rejected: 0 });
    const status = await gatehouseJson(database, ['users', 'migration-status']);
    expect(status).toMatchObject({
      current: 0,
      kinds: [{ kind: 'bcrypt', left: 3, upgraded: [0, 0, 0, 0], weeks_to_go: null }],
    });
    const text = await gatehouse(database, ['users', 'migration-status']);
    expect(text.stdout).toMatch(/bcrypt {2}3 +0 0 0 0 +nobody logs in/);
  });

  it.each<[string[], RegExp]>([
    [['users', 'import'], /missing required argument/],
    [['users', 'import', 'nowhere.csv'], /^nowhere\.csv cannot be read \(ENOENT\)/],
    [['users', 'import', '-', '--from', 'nothing'], /Allowed choices are generic, laravel/],
    [['users', 'import', '-', '--map', 'a=b'], /one of email, password_hash/],
    [['users', 'import', '-', '--role', 'emperor'], /^--role must be one of/],
    [['users', 'import', '-', '--app-key', 'short'], /^The APP_KEY must be base64:/],
    [['users', 'import', 'x.csv', '--rejects', 'x.csv'], /^--rejects must name another file/],
  ])('%j is a mistake, told in one line', async (args, line) => {
    writeFileSync(path('x.csv'), 'email\n');
    const { code, stdout, stderr } = await gatehouse(database, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('says where a document breaks', async () => {
    writeFileSync(path('realm.json'), '{"users":[{"email":"k@example.com"},{"email":');
    const { code, stderr } = await gatehouse(database, [
      'users',
      'import',
      path('realm.json'),
      '--from',
      'keycloak',
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^After 1 accounts: the JSON document is broken/);
  });
});

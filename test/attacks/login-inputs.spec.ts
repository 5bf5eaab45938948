import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login, post } from '../support/http.js';
import { expectNoServerErrors, expectRefusal, LOGIN_REFUSED } from '../support/refusal.js';

const paths = ['/v1/login', '/api/users/auth'];
const EMAIL_INVALID = 'The email field must be a valid email address.';

let app: TestApp;
let accounts: AccountsService;
let email: string;
beforeAll(async () => {
  app = await startApp();
  accounts = app.app.get(AccountsService);
  ({ email } = await app.createUser('somebody@example.com'));
});
afterAll(async () => {
  await app.close();
  expectNoServerErrors(app);
});

const a = (count: number) => 'a'.repeat(count);

describe.each(paths)('POST %s', (path) => {
  const attempt = (body: unknown) => post(app.url + path, body);

  const noStrings = [
    ...[1, 0, -1, 1e308, true, false, [], {}, [[]], ['x'], { $ne: null }, { $gt: '' }, { $regex: '.*' }],
    ...[
      { $where: 'sleep(5000)' },
      { type: 'like', value: '%' },
      { _type: 'not', value: null },
      { or: [{}] },
      { id: 1 },
    ],
  ];
  it.each(noStrings)('takes %j for no e-mail, no password and no code', async (value) => {
    const sentence = (field: string) => `The ${field} field must be a string.`;
    expectRefusal(await attempt({ email: value, password: PASSWORD }), path, 400, sentence('email'));
    expectRefusal(await attempt({ email: [email], password: PASSWORD }), path, 400, sentence('email'));
    expectRefusal(await attempt({ email, password: value }), path, 400, sentence('password'));
    expectRefusal(await attempt({ email, password: PASSWORD, code: value }), path, 400, sentence('code'));
  });

  it.each([
    ...[
      "' OR '1'='1",
      "' OR 1=1 --",
      "'; DROP TABLE users; --",
      "' UNION SELECT * FROM users --",
      '" OR ""="',
      '%',
      '_',
      '*',
    ],
    ...[
      '$1',
      ':email',
      '?',
      '\\',
      "admin'/*",
      '${email}',
      '{{email}}',
      '0x27',
      "'||pg_sleep(5)--",
      'x\'; SELECT load_extension("x")',
    ],
  ])('takes %j for what it is, in each field', async (sql) => {
    expectRefusal(await attempt({ email: sql, password: PASSWORD }), path, 400, EMAIL_INVALID);
    expectRefusal(await attempt({ email, password: sql }), path, 401, LOGIN_REFUSED);
    expectRefusal(
      await attempt({ email, password: PASSWORD, code: sql }),
      path,
      400,
      'The code field must be 6 digits.',
    );
    const addresses = [`${sql.replaceAll(/[^!-~]|[\\"]/g, '')}@example.com`, `"${sql}"@example.com`];
    for (const address of addresses) {
      expect([400, 401]).toContain((await attempt({ email: address, password: PASSWORD })).status);
    }
    expect((await attempt({ email, password: PASSWORD })).status).toBe(200);
  });

  it.each(['Somebody@example.com', 'SOMEBODY@EXAMPLE.COM', 'somebody@Example.Com', 'sOmEbOdY@eXaMpLe.cOm'])(
    'takes %s for the same account',
    async (spelling) => {
      const answer = await attempt({ email: spelling, password: PASSWORD });
      expect(answer.status).toBe(200);
      expect(answer.text).toContain('"email":"somebody@example.com"');
    },
  );

  it.each([
    ...[
      ' somebody@example.com',
      'somebody@example.com ',
      'somebody@example.com\n',
      '\tsomebody@example.com',
      'some body@example.com',
    ],
    ...[
      'somebody@example.com\0',
      'somebody\0@example.com',
      'somebody@example.com,x@example.com',
      'somebody@example.com;x@y.io',
    ],
    ...[
      '<somebody@example.com>',
      'Somebody <somebody@example.com>',
      'mailto:somebody@example.com',
      'somebody@@example.com',
    ],
    ...[
      'somebody@example.com.',
      'somebody@.example.com',
      'somebody@example..com',
      '.somebody@example.com',
      'somebody',
      '@',
      'a@b',
    ],
    ...[
      'ſomebody@example.com',
      'somebody@example.com\u200b',
      '\u202esomebody@example.com',
      'somebody@exampıe.com',
      'ｓomebody@example.com',
    ],
    ...[
      '\u212aelvin@example.com',
      'İ@example.com',
      'ß@example.com',
      'somebody@еxample.com',
      'somebody@example。com',
      '\ud800@example.com',
    ],
    ...[`${a(65)}@example.com`, `${a(64)}@${'b.'.repeat(100)}com`, `${a(300)}@example.com`, `a@${a(64)}.com`],
  ])('takes %j for no e-mail address', async (address) => {
    expectRefusal(await attempt({ email: address, password: PASSWORD }), path, 400, EMAIL_INVALID);
  });

  it.each([
    '12345',
    '1234567',
    ' 12345',
    '12345 ',
    '12345x',
    '0x1234',
    '1e5000',
    '+12345',
    '-12345',
    '123 456',
    '１２３４５６',
    '١٢٣٤٥٦',
    '123456\n',
    '12345\0',
  ])('takes %j for no code', async (code) => {
    expectRefusal(
      await attempt({ email, password: PASSWORD, code }),
      path,
      400,
      'The code field must be 6 digits.',
    );
  });
});

describe('an account', () => {
  it('is one, however often and in whatever case its e-mail is taken at once', async () => {
    const spellings = ['one@example.com', 'ONE@example.com', 'One@Example.com', 'oNE@EXAMPLE.COM'];
    const creations = [...spellings, ...spellings].map((address) =>
      accounts.create({ email: address, role: 'client', password: PASSWORD }),
    );
    const results = await Promise.allSettled(creations);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const reasons = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    for (const reason of reasons) expect(reason).toMatchObject({ definition: { code: 'email_taken' } });
    const rows = await app.dataSource.query<object[]>(
      "SELECT id FROM users WHERE lower(email) = 'one@example.com'",
    );
    expect(rows).toHaveLength(1);
    await login(app.url, 'ONE@EXAMPLE.COM', PASSWORD);
  });
});

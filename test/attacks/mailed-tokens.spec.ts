import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { auditOf } from '../support/audit.js';
import { importText } from '../support/import.js';
import { bearer, login, post, send, type Answer } from '../support/http.js';
import { drain, startMailServer, tokenIn, type MailServer } from '../support/mail.js';
import { expectNoServerErrors } from '../support/refusal.js';
import { exchange, requestBytes } from '../support/socket.js';
import type { User } from '../../src/users/user.entity.js';

const NEXT = 'an0ther Secur€Password';
const REJECTED = 'The token is invalid or has expired.';

let server: MailServer;
let t: TestApp;
let user: User;
let names = 0;
beforeAll(async () => {
  server = await startMailServer();
  t = await startApp({ env: { ...server.env, REGISTRATION: 'open', PUBLIC_URL: 'https://auth.example' } });
});
afterAll(async () => {
  await t.close();
  await server.stop();
  // A mail that the server does not take is no failure of ours.
  expectNoServerErrors({ logs: t.logs.filter(({ msg }) => msg !== 'outbox: given up') });
});
beforeEach(async () => {
  user = await t.createUser();
});

const unused = () => `new${(names += 1)}@example.com`;
const ask = (route: string, body: object, headers = {}) => post(`${t.url}/v1/${route}`, body, headers);
const times = <T>(count: number, work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)));
const statuses = (answers: Answer[]) => answers.map(({ status }) => status).sort();
const newest = (email: string, subject: string) =>
  tokenIn(server.to(email).findLast((mail) => mail.subject === subject));
const accounts = () => t.app.get(AccountsService);

async function registrationToken(email: string, password = PASSWORD): Promise<string> {
  await ask('register', { email, password });
  await drain(t);
  return newest(email, 'Confirm your e-mail address');
}
async function resetToken(email = user.email): Promise<string> {
  await ask('forgot-password', { email });
  await drain(t);
  return newest(email, 'Set a new password');
}
async function askForEmail(next: string, by = user.email): Promise<void> {
  const token = await login(t.url, by, PASSWORD);
  const headers = { 'content-type': 'application/json', ...bearer(token) };
  const body = JSON.stringify({ password: PASSWORD, email: next });
  await send(`${t.url}/v1/email`, { method: 'PUT', headers, body });
}
async function emailToken(next: string, by = user.email): Promise<string> {
  await askForEmail(next, by);
  await drain(t);
  return newest(next, 'Confirm your new e-mail address');
}
const reset = (token: string, password = NEXT) => ask('reset-password', { token, password });
const expectRejected = ({ status, body }: Answer) =>
  expect([status, body]).toMatchObject([400, { message: REJECTED }]);
const passwordOf = async (email: string) => {
  const logins = await Promise.all(
    [PASSWORD, NEXT, 'the thief’s password'].map(async (password) => {
      const { status } = await ask('login', { email, password });
      return status === 200 ? password : undefined;
    }),
  );
  return logins.filter(Boolean);
};
const accountsOf = async (email: string) => {
  const rows = await t.dataSource.query<object[]>('SELECT id FROM users WHERE email = $1', [email]);
  return rows.length;
};

describe('20 at once', () => {
  it('registrations of one address: as many mails, one account', async () => {
    const email = unused();
    const asked = await times(20, () => ask('register', { email, password: PASSWORD }));
    expect(statuses(asked)).toEqual(Array(20).fill(202));
    await drain(t);
    const tokens = server.to(email).map(tokenIn);
    expect(new Set(tokens).size).toBe(20);
    const confirmed = statuses(await times(20, (i) => ask('verify-email', { token: tokens[i] })));
    expect(confirmed.filter((status) => status === 204)).toHaveLength(1);
    expect(confirmed.filter((status) => ![204, 400, 409].includes(status))).toEqual([]);
    expect(await accountsOf(email)).toBe(1);
    // What the others were good for is over.
    expect(statuses(await times(20, (i) => ask('verify-email', { token: tokens[i] })))).toEqual(
      Array(20).fill(400),
    );
  });

  it.each(['verify-email', 'reset-password', 'confirm-email'] as const)(
    'uses of one token at %s: one',
    async (route) => {
      const token = await {
        'verify-email': () => registrationToken(unused()),
        'reset-password': () => resetToken(),
        'confirm-email': () => emailToken(unused()),
      }[route]();
      const answers = await times(20, (i) => ask(route, { token, password: `${NEXT} ${i}` }));
      expect(statuses(answers)).toEqual([204, ...Array<number>(19).fill(400)]);
      const winner = answers.findIndex(({ status }) => status === 204);
      if (route === 'reset-password') await login(t.url, user.email, `${NEXT} ${winner}`);
    },
  );

  it('accounts that want one address: one gets it', async () => {
    const next = unused();
    const users = await times(5, () => t.createUser());
    const tokens: string[] = [];
    for (const { email } of users) tokens.push(await emailToken(next, email));
    const answers = await times(5, (i) => ask('confirm-email', { token: tokens[i] }));
    expect(statuses(answers)).toEqual([204, 409, 409, 409, 409]);
    expect(await accountsOf(next)).toBe(1);
  });

  it('a registration and a change to one address: one gets it', async () => {
    const email = unused();
    const tokens = [await registrationToken(email), await emailToken(email)];
    const answers = await Promise.all([
      ask('verify-email', { token: tokens[0] }),
      ask('confirm-email', { token: tokens[1] }),
    ]);
    expect(statuses(answers)).toEqual([204, 409]);
    expect(await accountsOf(email)).toBe(1);
  });
});

describe('a password of somebody else’s choice', () => {
  it('does not get into the account that the owner of the mailbox confirms', async () => {
    const email = unused();
    await registrationToken(email, 'the thief’s password');
    const own = await registrationToken(email, PASSWORD);
    await ask('register', { email, password: 'the thief’s password' });
    await drain(t);
    expect((await ask('verify-email', { token: own })).status).toBe(204);
    expect(await passwordOf(email)).toEqual([PASSWORD]);
    const theirs = server.to(email).map(tokenIn);
    for (const token of theirs) expectRejected(await ask('verify-email', { token }));
    expect(await passwordOf(email)).toEqual([PASSWORD]);
  });

  it('waits for nobody: before the mailbox says yes there is no account to log in to', async () => {
    const email = unused();
    const token = await registrationToken(email, 'the thief’s password');
    expect(await passwordOf(email)).toEqual([]);
    await ask('forgot-password', { email });
    await drain(t);
    expect(server.to(email).map(({ subject }) => subject)).toEqual(['Confirm your e-mail address']);
    await accounts().create({ email, role: 'admin', password: PASSWORD });
    const late = await ask('verify-email', { token });
    expect(late.status).toBe(409);
    expect(await passwordOf(email)).toEqual([PASSWORD]);
  });

  it('comes with no role: what else is sent is bound to nothing', async () => {
    const email = unused();
    const more = { role: 'admin', id: 1, public_id: 'AAAAAAAA', disabled_at: 1 };
    await ask('register', { email, password: PASSWORD, ...more });
    await drain(t);
    await ask('verify-email', { token: newest(email, 'Confirm your e-mail address'), ...more });
    expect(await accounts().find(email)).toMatchObject({ role: 'client', disabledAt: null });
  });
});

describe('a reset token', () => {
  const dies: [string, () => Promise<unknown>][] = [
    [
      'the password was changed by its owner',
      async () => {
        const headers = {
          'content-type': 'application/json',
          ...bearer(await login(t.url, user.email, PASSWORD)),
        };
        const body = JSON.stringify({ current_password: PASSWORD, password: 'a third Secur€Password' });
        expect((await send(`${t.url}/v1/password`, { method: 'PUT', headers, body })).status).toBe(204);
      },
    ],
    ['it was set by the operator', () => accounts().setPassword(user.email, 'a third Secur€Password')],
    ['the account was disabled', () => accounts().disable(user.email)],
    ['it was deleted', () => accounts().delete(user.email)],
    [
      'it was deleted and its address registered anew',
      async () => {
        await accounts().delete(user.email);
        await accounts().create({ email: user.email, role: 'client', password: PASSWORD });
      },
    ],
    [
      'the e-mail was changed',
      async () => {
        const token = await emailToken(unused());
        expect((await ask('confirm-email', { token })).status).toBe(204);
      },
    ],
  ];
  it.each(dies)('is worthless after %s', async (_, happens) => {
    const token = await resetToken();
    await happens();
    expectRejected(await reset(token));
    expect(await passwordOf(user.email)).not.toContain(NEXT);
  });

  it('and a change of e-mail at once: whichever is first, the other is worthless', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { email } = await t.createUser();
      const [token, change] = [await resetToken(email), await emailToken(unused(), email)];
      const answers = await Promise.all([reset(token), ask('confirm-email', { token: change })]);
      expect(statuses(answers)).toEqual([204, 400]);
    }
  });

  it('makes a change of e-mail worthless that a thief had asked for', async () => {
    const change = await emailToken(unused());
    expect((await reset(await resetToken())).status).toBe(204);
    expectRejected(await ask('confirm-email', { token: change }));
  });

  it('is asked for on the way while the account is disabled: nothing is sent', async () => {
    await ask('forgot-password', { email: user.email });
    await accounts().disable(user.email);
    await drain(t);
    expect(server.to(user.email)).toEqual([]);
  });
});

describe('an account that was disabled, and enabled again', () => {
  const imported = (disabled: string) =>
    importText(t, `email,disabled\n${user.email},${disabled}\n`, { onConflict: 'update' });
  const ways: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
    ['by the operator', () => accounts().disable(user.email), () => accounts().enable(user.email)],
    ['by an import', () => imported('yes'), () => imported('no')],
  ];

  describe.each(ways)('%s', (_, disable, enable) => {
    it('takes no token from before', async () => {
      const tokens = { 'confirm-email': await emailToken(unused()), 'reset-password': await resetToken() };
      await disable();
      await enable();
      for (const [route, token] of Object.entries(tokens))
        expectRejected(await ask(route, { token, password: NEXT }));
      expect(await passwordOf(user.email)).toEqual([PASSWORD]);
      expect((await reset(await resetToken())).status).toBe(204);
    });

    it('makes none for a change of e-mail that was asked for before', async () => {
      const next = unused();
      await askForEmail(next);
      t.clock.advance(1);
      await disable();
      await enable();
      await drain(t);
      // One that was made before it was disabled, on a slow machine, is worthless.
      for (const mail of server.to(next))
        expectRejected(await ask('confirm-email', { token: tokenIn(mail) }));
      expect(await accountsOf(user.email)).toBe(1);
    });
  });
});

describe('whoever asks the audit why a token was refused', () => {
  const explained = async (answer: Answer) => {
    expectRejected(answer);
    const [event] = await auditOf(t, answer);
    return [event?.reason, event?.publicId];
  };

  it('is told whose token it was, where that is known', async () => {
    const stale = await emailToken(unused());
    const expired = await resetToken();
    t.clock.advance(1_801);
    expect(await explained(await reset(expired))).toEqual(['expired_token', user.publicId]);
    expect((await reset(await resetToken())).status).toBe(204);
    expect(await explained(await ask('confirm-email', { token: stale }))).toEqual([
      'account_changed',
      user.publicId,
    ]);
    expect(await explained(await reset('x'.repeat(43)))).toEqual(['unknown_token', null]);
  });
});

describe('a token for something else', () => {
  it('is a token for nothing', async () => {
    // Of two accounts: one's own password change would end the other token.
    const { email } = await t.createUser();
    const tokens = [await registrationToken(unused()), await resetToken(), await emailToken(unused(), email)];
    const routes = ['verify-email', 'reset-password', 'confirm-email'];
    for (const [i, token] of tokens.entries()) {
      for (const route of routes.filter((_, j) => i !== j))
        expectRejected(await ask(route, { token, password: NEXT }));
    }
    for (const [i, route] of routes.entries())
      expect((await ask(route, { token: tokens[i], password: NEXT })).status).toBe(204);
  });

  it('does not open a guarded route', async () => {
    const headers = bearer(await resetToken());
    expect((await send(`${t.url}/v1/me`, { headers })).status).toBe(401);
  });

  it('is not found by its hash, or by what is like it', async () => {
    const token = await resetToken();
    const rows = await t.dataSource.query<{ token_hash: string }[]>('SELECT token_hash FROM one_time_tokens');
    for (const { token_hash } of rows) expectRejected(await reset(token_hash));
    for (const other of [token.toLowerCase(), ` ${token}`, `${token}=`, token.slice(0, -1)])
      expectRejected(await reset(other));
    for (const other of [[token], { $ne: null }, 1, true])
      expect((await ask('reset-password', { token: other, password: NEXT })).status).toBe(400);
    expect((await reset(token)).status).toBe(204);
  });
});

describe('an address with more in it', () => {
  const bad = [
    'a@example.com\r\nBcc: b@example.com',
    'a@example.com\nSubject: x',
    'a@example.com, b@example.com',
    'a@example.com;b@example.com',
    '<a@example.com>',
    'A <a@example.com>',
    'a@example.com%0d%0aBcc: b@example.com',
    'a@example.com\0',
    'a\u2028@example.com',
  ];
  it.each(bad)('%j is refused', async (email) => {
    for (const route of ['register', 'forgot-password'])
      expect((await ask(route, { email, password: PASSWORD })).status).toBe(400);
  });

  it.each([`"a,b@example.com"@example.com`, `"x>"@example.com`, `o'brien+{{token}}&<b>@example.com`])(
    '%s is refused, or one recipient and no markup',
    async (email) => {
      await drain(t);
      const before = server.mails.length;
      await ask('register', { email, password: PASSWORD });
      await drain(t);
      for (const { recipients, html } of server.mails.slice(before)) {
        expect(recipients).toEqual([email]);
        expect(html).not.toContain('<b>');
      }
    },
  );

  it('of apostrophe, plus and braces arrives as it is', async () => {
    const email = `o'brien+{{token}}&co@example.com`;
    const token = await registrationToken(email);
    expect(server.to(email)[0]?.html).toContain('o&#39;brien+{{token}}&amp;co@example.com');
    expect((await ask('verify-email', { token })).status).toBe(204);
    expect(await accountsOf(email)).toBe(1);
  });
});

describe('a Host header of somebody else’s choice', () => {
  it('gets into no mail', async () => {
    const body = JSON.stringify({ email: user.email });
    const request = requestBytes('POST /v1/forgot-password', ['Content-Type: application/json'], body);
    const forged = request
      .toString()
      .replace(/^Host: .*$/m, 'Host: evil.example\r\nX-Forwarded-Host: evil.example');
    const [answer] = await exchange(t.url, forged);
    expect(answer?.status).toBe(202);
    await drain(t);
    const [mail] = server.to(user.email);
    expect(mail?.raw).not.toContain('evil.example');
    expect(mail?.text).toContain('https://auth.example/v1/reset-password');
  });
});

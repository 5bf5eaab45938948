import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { administrator, auditOf, type Administrator } from '../support/audit.js';
import { bearer, login, type Answer } from '../support/http.js';
import { expectRefusal, expectTokenAccepted, expectTokenRefused } from '../support/refusal.js';
import { createProtectedAccount, tryLogin, triesSpent } from '../support/second-factor.js';

interface AccountBody {
  id: string;
  email: string;
  role: string;
}
interface PageBody {
  users: AccountBody[];
  next: string | null;
}

let t: TestApp;
let admin: Administrator;
beforeAll(async () => {
  t = await startApp({ env: { ROLES: 'client,editor' } });
  admin = await administrator(t, 'boss@example.com');
});
afterAll(() => t.close());

const done = async (answer: Promise<Answer>, event: string, publicId: string) => {
  const settled = await answer;
  expect(await auditOf(t, settled)).toMatchObject([
    { event, publicId, actor: admin.publicId, address: '127.0.0.1' },
  ]);
  return settled;
};

describe('an administrator', () => {
  it('creates an account, which has no password', async () => {
    const answer = await admin.call('POST', '/users', { email: 'New@Example.com', role: 'editor' });
    const { id } = answer.body as AccountBody;
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^[A-Z0-9]{8}$/),
      number: expect.any(Number),
      email: 'new@example.com',
      role: 'editor',
      two_factor: false,
      has_password: false,
      disabled_at: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await auditOf(t, answer)).toMatchObject([
      { event: 'account.created', publicId: id, actor: admin.publicId, facts: { role: 'editor' } },
    ]);
    expect((await admin.call('GET', `/users/${id}`)).body).toEqual(answer.body);
    const again = await admin.call('POST', '/users', { email: 'new@example.com', role: 'editor' });
    expectRefusal(again, '/v1/admin/users', 409, 'The email has already been taken.');
  });

  it('is told what is wrong, field by field', async () => {
    const created = (body: object) => admin.call('POST', '/users', body);
    const path = '/v1/admin/users';
    expectRefusal(await created({}), path, 400, 'The email field is required.');
    const role = await created({ email: 'x@example.com', role: 'king' });
    expectRefusal(role, path, 400, 'The role field must be one of client, editor, admin.');
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'disabled=1',
      'two_factor=no',
      'role=%00',
      'search=',
      'cursor=MA',
      'cursor=!',
      'cursor=MTIzNDU2Nzg5MDEy',
      'search=a&search=b',
    ])
      expect([query, (await admin.call('GET', `/users?${query}`)).status]).toEqual([query, 400]);
  });

  it('disables, enables, and deletes', async () => {
    const user = await t.createUser();
    const token = await login(t.url, user.email, PASSWORD);
    const off = await done(
      admin.call('POST', `/users/${user.publicId}/disable`),
      'account.disabled',
      user.publicId,
    );
    expect(off.body).toMatchObject({ id: user.publicId, disabled_at: expect.any(String) });
    await expectTokenRefused(t.url, token);
    expect((await tryLogin(t, user)).status).toBe(401);
    const on = await done(
      admin.call('POST', `/users/${user.publicId}/enable`),
      'account.enabled',
      user.publicId,
    );
    expect(on.body).toMatchObject({ disabled_at: null });
    const next = await login(t.url, user.email, PASSWORD);
    const gone = await done(
      admin.call('DELETE', `/users/${user.publicId}`),
      'account.deleted',
      user.publicId,
    );
    expect(gone.status).toBe(204);
    await expectTokenRefused(t.url, next);
    const path = `/users/${user.publicId}`;
    expectRefusal(await admin.call('GET', path), `/v1/admin${path}`, 404, 'Not Found.');
  });

  it('changes role and e-mail, both or neither', async () => {
    const user = await t.createUser();
    const taken = await t.createUser();
    const path = `/users/${user.publicId}`;
    const token = await login(t.url, user.email, PASSWORD);
    const clash = await admin.call('PATCH', path, { role: 'editor', email: taken.email });
    expectRefusal(clash, `/v1/admin${path}`, 409, 'The email has already been taken.');
    expect((await admin.call('GET', path)).body).toMatchObject({ role: 'client', email: user.email });
    expect((await auditOf(t, clash)).map(({ event }) => event)).toEqual(['request.refused']);
    await expectTokenAccepted(t.url, token);
    const both = await admin.call('PATCH', path, { role: 'editor', email: 'Moved@example.com' });
    expect(both.body).toMatchObject({ role: 'editor', email: 'moved@example.com' });
    expect((await auditOf(t, both)).map(({ event, facts }) => [event, facts])).toEqual([
      ['account.role_changed', { from: 'client', to: 'editor' }],
      ['account.email_changed', {}],
    ]);
    await expectTokenRefused(t.url, token);
  });

  it('sees and ends sessions: one, all, and none of somebody else', async () => {
    const [user, other] = [await t.createUser(), await t.createUser()];
    const tokens = [await login(t.url, user.email, PASSWORD), await login(t.url, user.email, PASSWORD)];
    const theirs = await login(t.url, other.email, PASSWORD);
    const path = `/users/${user.publicId}/sessions`;
    const list = async () =>
      ((await admin.call('GET', path)).body as { sessions: { id: string; address: string }[] }).sessions;
    const [newest] = await list();
    expect(newest).toMatchObject({ id: expect.stringContaining(user.publicId), address: '127.0.0.1' });
    const elsewhere = `/users/${other.publicId}/sessions/${newest?.id}`;
    expect((await admin.call('DELETE', elsewhere)).status).toBe(404);
    expect(await list()).toHaveLength(2);
    await done(admin.call('DELETE', `${path}/${newest?.id}`), 'session.ended', user.publicId);
    expect(await list()).toHaveLength(1);
    await done(admin.call('DELETE', path), 'session.all_ended', user.publicId);
    for (const token of tokens) await expectTokenRefused(t.url, token);
    await expectTokenAccepted(t.url, theirs);
  });

  it('turns two-factor off for somebody who lost it', async () => {
    const account = await createProtectedAccount(t);
    expect((await tryLogin(t, account)).status).toBe(400);
    const { users } = (await admin.call('GET', `/users?search=${account.email}`)).body as PageBody;
    expect(users).toMatchObject([{ two_factor: true }]);
    await done(
      admin.call('DELETE', `/users/${users[0]?.id}/two-factor`),
      'two_factor.reset',
      users[0]?.id ?? '',
    );
    expect((await tryLogin(t, account)).status).toBe(200);
    expect(await triesSpent(t, account)).toBeUndefined();
  });

  it.each(['nobody', '12345678', '%00', 'AAAAAAAA', '..%2f..'])('finds nobody by %s', async (id) => {
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/disable'],
      ['GET', '/sessions'],
      ['DELETE', '/two-factor'],
    ] as const)
      expect((await admin.call(method, `/users/${id}${path}`)).status).toBe(404);
    expect((await admin.call('PATCH', `/users/${id}`, { role: 'admin' })).status).toBe(404);
  });
});

describe('the pages of accounts', () => {
  const pages = async (query: string, between?: () => Promise<unknown>) => {
    const seen: AccountBody[] = [];
    for (let cursor = ''; ;) {
      const page = (await admin.call('GET', `/users?limit=7&${query}${cursor}`)).body as PageBody;
      seen.push(...page.users);
      if (page.next === null) return seen.map(({ email }) => email);
      cursor = `&cursor=${page.next}`;
      await between?.();
    }
  };
  const email = (i: number) => `paged${String(i).padStart(3, '0')}@example.com`;

  it('have everybody once, in order, whatever is written in between', async () => {
    for (let i = 0; i < 30; i += 1) await t.createUser(email(i), i % 10 === 0 ? 'editor' : 'client');
    const expected = Array.from({ length: 30 }, (_, i) => email(i));
    expect(await pages('search=PAGED')).toEqual(expected);
    let n = 0;
    const seen = await pages('search=paged', async () => {
      // One that was shown already goes, one that was not stays, and a new one comes.
      const [first] = ((await admin.call('GET', `/users?search=${email(n)}`)).body as PageBody).users;
      await admin.call('DELETE', `/users/${first?.id}`);
      await t.createUser(`paged-later${(n += 1)}@example.com`);
    });
    expect(seen.slice(0, 30)).toEqual(expected);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('are filtered by role, state and second factor, in every combination', async () => {
    const protectedOne = await createProtectedAccount(t);
    expect(await pages('two_factor=true')).toContain(protectedOne.email);
    expect(await pages('two_factor=false')).not.toContain(protectedOne.email);
    const editors = await pages('role=editor&search=paged');
    expect(editors).toEqual([email(10), email(20)]);
    const [off] = ((await admin.call('GET', `/users?search=${email(20)}`)).body as PageBody).users;
    await admin.call('POST', `/users/${off?.id}/disable`);
    expect(await pages('disabled=true&role=editor&two_factor=false')).toEqual([email(20)]);
    expect(await pages('disabled=false&role=editor&search=paged')).toEqual([email(10)]);
  });

  it('search for a text, not for a pattern', async () => {
    await t.createUser('under_score@example.com');
    await t.createUser('underxscore@example.com');
    expect(await pages('search=under_score')).toEqual(['under_score@example.com']);
    expect(await pages('search=%25')).toEqual([]);
    expect(
      await pages(`search=${encodeURIComponent("' OR 1=1 --").replaceAll('%20', '+').replaceAll('+', '_')}`),
    ).toEqual([]);
  });
});

it('another account is refused, in the words of the contract', async () => {
  const { email } = await t.createUser(undefined, 'editor');
  const token = await login(t.url, email, PASSWORD);
  const answer = await fetch(`${t.url}/v1/admin/users`, { headers: bearer(token) });
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({
    message: 'This action is unauthorized.',
    path: '/v1/admin/users',
  });
});

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';
import { onSqlite } from '../support/scope.js';
import { guarded, refreshed } from '../support/tokens.js';

onSqlite('the disk of the embedded database is full', () => {
  let t: TestApp;
  let email: string;

  beforeAll(async () => {
    t = await startApp({ env: { MAX_SESSIONS_PER_USER: '1000' } });
    ({ email } = await t.createUser());
  });
  afterAll(() => t.close());

  const pragma = async (text: string): Promise<unknown> => {
    const [row] = await t.dataSource.query<Record<string, unknown>[]>(`PRAGMA ${text}`);
    return Object.values(row ?? {})[0];
  };

  it('writes are refused, reads go on, and with room again so do writes', async () => {
    const acknowledged = [await login(t.url, email, PASSWORD)];
    await pragma(`max_page_count = ${String(await pragma('page_count'))}`);
    let answer = await post(`${t.url}/v1/login`, { email, password: PASSWORD });
    for (; answer.status === 200; answer = await post(`${t.url}/v1/login`, { email, password: PASSWORD })) {
      acknowledged.push(answer.headers.get('access_token') ?? '');
      expect(acknowledged.length).toBeLessThan(500);
    }
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await guarded(t.url, acknowledged[0] ?? '')).toBe(200);
    await pragma('max_page_count = 1000000');
    for (const token of acknowledged) await refreshed(t.url, token);
  });

  it('read-only: writes are refused, nothing is half written, and it recovers without a restart', async () => {
    const token = await login(t.url, email, PASSWORD);
    const sessions = () => t.dataSource.query<object[]>('SELECT * FROM sessions ORDER BY id');
    const before = await sessions();
    await t.dataSource.query('PRAGMA query_only = ON');
    const signIn = await post(`${t.url}/v1/login`, { email, password: PASSWORD });
    const signOut = await post(`${t.url}/v1/logout`, undefined, bearer(token));
    for (const { status, headers } of [signIn, signOut])
      expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(await guarded(t.url, token)).toBe(200);
    expect((await send(`${t.url}/readyz`)).status).toBe(200);
    await t.dataSource.query('PRAGMA query_only = OFF');
    expect(await sessions()).toEqual(before);
    expect((await post(`${t.url}/v1/logout`, undefined, bearer(token))).status).toBe(204);
    expect(await guarded(t.url, token)).toBe(401);
  });

  it('a transaction that SQLite has rolled back by itself holds up nobody', async () => {
    // As SQLite does where a COMMIT finds no room, or the disk reports an error.
    const failing = t.dataSource.transaction((manager) => manager.query('ROLLBACK'));
    const waiting = login(t.url, email, PASSWORD);
    await expect(failing).rejects.toThrow('no transaction is active');
    expect(await guarded(t.url, await waiting)).toBe(200);
  });
});

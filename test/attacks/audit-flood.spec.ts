import { afterEach, describe, expect, it } from '@jest/globals';
import { RefusalsService } from '../../src/audit/refusals.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { auditList, auditOf } from '../support/audit.js';
import { bearer, login, send } from '../support/http.js';
import { PASSWORD } from '../support/app.js';

let t: TestApp;
afterEach(() => t.close());

const from = (address: string) => send(`${t.url}/api/films`, { headers: { 'x-forwarded-for': address } });
const start = async (env: Record<string, string>) => {
  t = await startApp({ env: { TRUST_PROXY: '127.0.0.1', ...env } });
};
const refusals = async () => (await auditList(t, { event: 'request.refused', limit: 1_000 })).length;

describe('a flood of refused requests', () => {
  it('from one address fills a tenth of what may be written down; the rest is counted, by reason', async () => {
    await start({ AUDIT_REFUSALS_PER_MINUTE: '100' });
    for (let i = 0; i < 60; i += 1) expect((await from('192.0.2.1')).status).toBe(401);
    expect(await refusals()).toBe(10);
    const other = await from('192.0.2.2');
    expect(await auditOf(t, other)).toHaveLength(1);
    const [row] = await auditList(t, { event: 'audit.left_out' });
    expect(JSON.parse(row?.details ?? '')).toEqual({ count: 50, by_reason: { token_missing: 50 } });
  });

  it('from a whole IPv6 network counts as one address', async () => {
    await start({ AUDIT_REFUSALS_PER_MINUTE: '100' });
    for (let i = 0; i < 30; i += 1) await from(`2001:db8:0:7::${i.toString(16)}`);
    expect(await refusals()).toBe(10);
  });

  it('from everywhere fills no more than a minute may hold, and the next minute is another', async () => {
    await start({ AUDIT_REFUSALS_PER_MINUTE: '20' });
    for (let i = 0; i < 50; i += 1) await from(`198.51.100.${i}`);
    expect(await refusals()).toBe(20);
    t.clock.advance(60);
    await from('198.51.100.1');
    expect(await refusals()).toBe(21);
  });

  it('costs few statements', async () => {
    await start({ AUDIT_REFUSALS_PER_MINUTE: '0' });
    let inserts = 0;
    const { driver } = t.dataSource;
    const create = driver.createQueryRunner.bind(driver);
    driver.createQueryRunner = (mode) => {
      const runner = create(mode);
      const query = runner.query.bind(runner);
      runner.query = ((sql: string, ...rest: []) => {
        if (sql.includes('INSERT INTO "audit_events"')) inserts += 1;
        return query(sql, ...rest) as Promise<unknown>;
      }) as typeof runner.query;
      return runner;
    };
    await Promise.all(Array.from({ length: 400 }, () => from('192.0.2.9')));
    expect(await refusals()).toBe(400);
    expect(inserts).toBeGreaterThan(0);
    expect(inserts).toBeLessThan(40);
  });
});

describe('while the audit cannot be written', () => {
  it('refusals are answered as ever, and written when it can be', async () => {
    await start({});
    await t.dataSource.query('ALTER TABLE audit_events RENAME TO elsewhere');
    const answers = [await from('192.0.2.1'), await from('192.0.2.2')];
    await t.app.get(RefusalsService).drain();
    await t.dataSource.query('ALTER TABLE elsewhere RENAME TO audit_events');
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    // No table at all is no outage: the rows are given up, and counted.
    const [row] = await auditList(t, { event: 'audit.left_out' });
    expect(JSON.parse(row?.details ?? '')).toEqual({ count: 2, by_reason: { not_written: 2 } });
  });

  it('a login is none: what cannot be recorded is not done', async () => {
    await start({});
    const { email } = await t.createUser();
    await t.dataSource.query('ALTER TABLE audit_events RENAME TO elsewhere');
    await expect(login(t.url, email, PASSWORD)).rejects.toThrow('500');
    const [row] = await t.dataSource.query<{ n: number | string }[]>('SELECT count(*) AS n FROM sessions');
    expect(Number(row?.n)).toBe(0);
    await t.dataSource.query('ALTER TABLE elsewhere RENAME TO audit_events');
    const token = await login(t.url, email, PASSWORD);
    expect((await send(`${t.url}/api/films`, { headers: bearer(token) })).status).toBe(200);
  });
});

it('the last refusals before the server ends are written', async () => {
  await start({});
  const { database } = t;
  const closing = await startApp({ database });
  const answer = await send(`${closing.url}/api/films`);
  await closing.close();
  expect(await auditOf(t, answer)).toHaveLength(1);
});

describe('what changes nothing, asked again and again', () => {
  it('is written down once: ending the other sessions', async () => {
    await start({});
    const { email } = await t.createUser();
    await login(t.url, email, PASSWORD);
    const token = await login(t.url, email, PASSWORD);
    for (let i = 0; i < 5; i += 1) {
      const answer = await send(`${t.url}/v1/sessions`, { method: 'DELETE', headers: bearer(token) });
      expect(answer.status).toBe(204);
    }
    expect(await auditList(t, { event: 'session.others_ended' })).toHaveLength(1);
  });
});

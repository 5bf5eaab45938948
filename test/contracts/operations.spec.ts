import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManagementService } from '../../src/operations/management.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';
import { metricsOf, METRICS_TOKEN, valueOf } from '../support/metrics.js';
import { refresh, refreshed } from '../support/tokens.js';

const up = (...names: string[]) => Object.fromEntries(names.map((name) => [name, { status: 'up' }]));
const down = (...names: string[]) => Object.fromEntries(names.map((name) => [name, { status: 'down' }]));

describe('who watches a copy', () => {
  let t: TestApp;
  beforeAll(async () => {
    t = await startApp({ env: { METRICS_TOKEN, MAX_SESSIONS_PER_USER: '1000' } });
  });
  afterAll(() => t.close());

  it('/healthz says that it is alive', async () => {
    const answer = await send(`${t.url}/healthz`);
    expect([answer.status, answer.body]).toEqual([200, { status: 'ok' }]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('/readyz says that everything it needs is there', async () => {
    const outbox = { outbox: { status: 'up', overdue_seconds: 0 } };
    const all = { ...up('database', 'migrations', 'revocations', 'serving'), ...outbox };
    const answer = await send(`${t.url}/readyz`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ status: 'ok', info: all, error: {}, details: all });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('/readyz says no while revocations are too old to be believed', async () => {
    t.clock.stall(31);
    const answer = await send(`${t.url}/readyz`);
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ status: 'error', error: down('revocations') });
    expect((await send(`${t.url}/healthz`)).status).toBe(200);
    // The next poll.
    for (let i = 0; i < 100 && (await send(`${t.url}/readyz`)).status !== 200; i += 1) await sleep(50);
    expect((await send(`${t.url}/readyz`)).status).toBe(200);
  });

  it('/readyz says no on a database that misses a migration, yes on one that has more', async () => {
    const [row] = await t.dataSource.query<{ id: number; name: string; timestamp: number }[]>(
      'SELECT id, name, timestamp FROM migrations ORDER BY id DESC LIMIT 1',
    );
    const rename = (from: string, to: string) =>
      t.dataSource.query('UPDATE migrations SET name = $1 WHERE name = $2', [to, from]);
    await rename(row?.name ?? '', 'FromTheFuture1');
    const answer = await send(`${t.url}/readyz`);
    await rename('FromTheFuture1', row?.name ?? '');
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ error: down('migrations'), info: up('database') });
    await t.dataSource.query('INSERT INTO migrations (timestamp, name) VALUES ($1, $2)', [
      9e12,
      'FromTheFuture2',
    ]);
    expect((await send(`${t.url}/readyz`)).status).toBe(200);
    await t.dataSource.query('DELETE FROM migrations WHERE name = $1', ['FromTheFuture2']);
  });

  it('/metrics is for the bearer of METRICS_TOKEN', async () => {
    const { email } = await t.createUser();
    const accessToken = await login(t.url, email, PASSWORD);
    for (const headers of [{}, bearer('x'), bearer(`${METRICS_TOKEN}x`), bearer(accessToken)]) {
      const answer = await send(`${t.url}/metrics`, { headers });
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect(answer.body).toMatchObject({ message: 'Authentication credentials are required.' });
    }
    const answer = await send(`${t.url}/metrics`, { headers: bearer(METRICS_TOKEN) });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('counts logins and refreshes by outcome, requests by route', async () => {
    const { email } = await t.createUser();
    const before = await metricsOf(t.url);
    const grown = (text: string, series: string) => valueOf(text, series) - valueOf(before, series);
    const token = await login(t.url, email, PASSWORD);
    await post(`${t.url}/v1/login`, { email, password: 'wrong' });
    await post(`${t.url}/api/users/auth`, { email: 'nobody@example.com', password: 'wrong' });
    await refreshed(t.url, token);
    await refreshed(t.url, token);
    t.clock.advance(60);
    expect((await refresh(t.url, token)).status).toBe(401);
    await send(`${t.url}/v1/sessions/secret-1`, { headers: bearer(token) });
    await send(`${t.url}/secret-2?secret=3`);
    await send(`${t.url}/%`);
    const after = await metricsOf(t.url);
    const count = (labels: string) =>
      grown(after, `gatehouse_http_request_duration_seconds_count{${labels}}`);
    expect({
      accepted: grown(after, 'gatehouse_logins_total{outcome="accepted"}'),
      wrong: grown(after, 'gatehouse_logins_total{outcome="wrong_password"}'),
      unknown: grown(after, 'gatehouse_logins_total{outcome="unknown_email"}'),
      rotated: grown(after, 'gatehouse_refreshes_total{outcome="rotated"}'),
      repeated: grown(after, 'gatehouse_refreshes_total{outcome="repeated"}'),
      reused: grown(after, 'gatehouse_refreshes_total{outcome="token_reused"}'),
      hashes: grown(after, 'gatehouse_hashing_wait_seconds_count'),
      login: count('method="POST",route="/v1/login",status="200"'),
      refused: count('method="POST",route="/v1/login",status="401"'),
      nowhere: count('method="GET",route="none",status="404"'),
      unreadable: count('method="GET",route="none",status="400"'),
    }).toEqual({
      accepted: 1,
      wrong: 1,
      unknown: 1,
      rotated: 1,
      repeated: 1,
      reused: 1,
      hashes: 3,
      login: 1,
      refused: 1,
      nowhere: 1,
      unreadable: 1,
    });
    expect(after).not.toMatch(/secret|@|wrong"/);
    expect(valueOf(after, 'gatehouse_revocation_lag_seconds')).toBeLessThan(5);
    expect(valueOf(after, 'gatehouse_revocations')).toBe(1);
    const connections = ['busy', 'idle', 'waiting'].map((state) =>
      valueOf(after, `gatehouse_database_connections{state="${state}"}`),
    );
    expect(Math.max(...connections)).toBeGreaterThan(0);
    expect(after).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
  });

  it('a histogram adds up', async () => {
    const text = await metricsOf(t.url);
    const labels = 'method="GET",route="/healthz",status="200"';
    const buckets = [
      ...text.matchAll(
        /^gatehouse_http_request_duration_seconds_bucket\{le="([^"]+)",method="GET",route="\/healthz",status="200"\} (\d+)$/gm,
      ),
    ];
    const counts = buckets.map(([, , count]) => Number(count));
    expect(buckets.map(([, le]) => le).at(-1)).toBe('+Inf');
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBe(valueOf(text, `gatehouse_http_request_duration_seconds_count{${labels}}`));
    expect(valueOf(text, `gatehouse_http_request_duration_seconds_sum{${labels}}`)).toBeGreaterThan(0);
  });
});

describe('without METRICS_TOKEN', () => {
  it('nobody reads the metrics, whatever they send', async () => {
    const t = await startApp();
    for (const headers of [{}, bearer(METRICS_TOKEN), bearer('undefined')])
      expect((await send(`${t.url}/metrics`, { headers })).status).toBe(401);
    await t.close();
  });
});

describe('with MANAGEMENT_PORT', () => {
  const urlOf = (t: TestApp) => {
    const { server } = t.app.get<unknown, { server: { address(): { port: number } } }>(ManagementService);
    return `http://127.0.0.1:${server.address().port}`;
  };

  it('metrics are served there and nowhere else, health and readiness on both', async () => {
    const t = await startApp({ env: { MANAGEMENT_PORT: '0' } });
    const management = urlOf(t);
    for (const url of [t.url, management]) {
      expect((await send(`${url}/healthz`)).status).toBe(200);
      expect((await send(`${url}/readyz`)).body).toMatchObject({ status: 'ok' });
    }
    expect((await send(`${t.url}/metrics`)).status).toBe(404);
    const answer = await send(`${management}/metrics`);
    expect([answer.status, answer.text.includes('gatehouse_revocation_lag_seconds')]).toEqual([200, true]);
    expect((await send(`${management}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await send(`${management}/v1/login`)).status).toBe(404);
    await t.close();
    await expect(send(`${management}/healthz`)).rejects.toThrow();
  });

  it('METRICS_TOKEN is asked for there too', async () => {
    const t = await startApp({ env: { MANAGEMENT_PORT: '0', METRICS_TOKEN } });
    const management = urlOf(t);
    expect((await send(`${management}/metrics`)).status).toBe(401);
    expect(await metricsOf(management)).toContain('gatehouse_');
    expect((await send(`${t.url}/metrics`, { headers: bearer(METRICS_TOKEN) })).status).toBe(404);
    expect((await send(`${management}/readyz`)).status).toBe(200);
    await t.close();
  });
});

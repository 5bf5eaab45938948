import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { explanationOf } from '../../src/audit/reasons.js';
import { lineOf, auditEventDto } from '../../src/commands/audit.dto.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { auditList, auditOf } from '../support/audit.js';
import { bearer, login, post, send } from '../support/http.js';
import { expectNoServerErrors } from '../support/refusal.js';

let t: TestApp;
beforeAll(async () => {
  t = await startApp({ env: { TRUST_PROXY: '127.0.0.1', AUDIT_REFUSALS_PER_MINUTE: '0' } });
});
afterAll(() => t.close());

const canary = 'c4n4ry';
const nasty = [
  `${canary}'; DROP TABLE audit_events; --`,
  `${canary}\u001b[31m\u202e`,
  `${canary}\\u0000`,
  `{"reason":"${canary}"}`,
  canary.repeat(16),
];

describe('what a client writes', () => {
  it.each(nasty)('is not in the audit, wherever it stands: %j', async (text) => {
    const user = await t.createUser();
    const token = await login(t.url, user.email, PASSWORD);
    const encoded = encodeURIComponent(text);
    const visible = text.replaceAll(/[^\x21-\x7e]/g, '');
    const answers = [
      await post(`${t.url}/v1/login`, { email: text, password: text, code: text, recovery_code: text }),
      await post(`${t.url}/v1/login`, { email: `${canary}@example.com`, password: text }),
      await post(`${t.url}/v1/login?${encoded}`, { email: user.email, password: text }),
      await send(`${t.url}/v1/sessions/${encoded}`, { method: 'DELETE', headers: bearer(token) }),
      await send(`${t.url}/api/films?limit=${encoded}`, { headers: bearer(token) }),
      await send(`${t.url}/api/films`, { headers: bearer(visible) }),
      await send(`${t.url}/api/films`, { headers: { 'x-request-id': visible, 'user-agent': visible } }),
      await send(`${t.url}/api/films`, { headers: { 'x-forwarded-for': visible.slice(0, 1_000) } }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      const events = await auditOf(t, answer);
      expect(events).toHaveLength(1);
      expect(JSON.stringify(events)).not.toContain(canary);
      for (const event of events) {
        expect(explanationOf(event)?.why.length).toBeGreaterThan(10);
        expect(lineOf(auditEventDto(event))).toMatch(/^[\x20-\x7e]+$/);
      }
    }
    expectNoServerErrors(t);
  });

  it('as an address, where it is none, is left out', async () => {
    const answer = await send(`${t.url}/api/films`, { headers: { 'x-forwarded-for': 'x'.repeat(200) } });
    expect(await auditOf(t, answer)).toMatchObject([{ address: null }]);
    const { email } = await t.createUser();
    const good = await post(
      `${t.url}/v1/login`,
      { email, password: PASSWORD },
      { 'x-forwarded-for': '2001:db8::1' },
    );
    expect(await auditOf(t, good)).toMatchObject([{ event: 'login.succeeded', address: '2001:db8::1' }]);
  });

  it('never makes anybody the actor', async () => {
    expect((await auditList(t, { limit: 1_000 })).filter(({ actor }) => actor?.includes(canary))).toEqual([]);
  });
});

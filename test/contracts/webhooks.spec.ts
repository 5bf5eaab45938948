import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DispatcherService } from '../../src/platform/outbox/dispatcher.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { auditList } from '../support/audit.js';
import { login, post } from '../support/http.js';

const SECRET = 'wh-8fK2mQ7xVt4ZrB9nLc3Yp6Ds1Jg5Ha0E';

interface Delivery {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

let deliveries: Delivery[];
let answers: { status: number; headers?: Record<string, string> }[];
let receiver: Server;
let t: TestApp;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    void text(request).then((body) => {
      deliveries.push({ path: request.url ?? '', headers: request.headers, body });
      const { status, headers } = answers.shift() ?? { status: 204 };
      response.writeHead(status, headers).end('whatever it says');
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  receiver.close();
});
beforeEach(async () => {
  [deliveries, answers] = [[], []];
  const { port } = receiver.address() as AddressInfo;
  t = await startApp({
    env: { WEBHOOK_URL: `http://127.0.0.1:${port}/hook?key=sesame`, WEBHOOK_SECRET: SECRET },
  });
});
afterEach(() => t.close());

const drain = () => t.app.get(DispatcherService).drain();
const idOf = ({ body }: Delivery) => (JSON.parse(body) as { id: string }).id;

/** The function that docs/events.md shows, as it stands there. */
const documented = /```js\n([\s\S]*?)```/.exec(
  readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8'),
)?.[1];
const { isFromGatehouse } = (await import(
  `data:text/javascript,${encodeURIComponent(documented ?? '')}`
)) as { isFromGatehouse: (body: string, header: string, secret: string, now?: number) => boolean };

describe('a webhook', () => {
  it('is what the audit says, signed so that the documented snippet believes it', async () => {
    const user = await t.createUser();
    await login(t.url, user.email, PASSWORD);
    await drain();
    const rows = (await auditList(t, { publicId: user.publicId })).reverse();
    expect(deliveries.map(idOf).sort()).toEqual(rows.map(({ id }) => id).sort());
    for (const { path, headers, body } of deliveries) {
      expect(path).toBe('/hook?key=sesame');
      expect(headers['content-type']).toBe('application/json');
      expect(headers['gatehouse-event-id']).toBe(idOf({ body } as Delivery));
      const signature = String(headers['gatehouse-signature']);
      const now = t.clock.now();
      expect(isFromGatehouse(body, signature, SECRET, now)).toBe(true);
      expect(isFromGatehouse(`${body} `, signature, SECRET, now)).toBe(false);
      expect(isFromGatehouse(body, signature, `${SECRET}x`, now)).toBe(false);
      expect(isFromGatehouse(body, signature.replace('t=', 't=1'), SECRET, now)).toBe(false);
      expect(isFromGatehouse(body, '', SECRET, now)).toBe(false);
      expect(isFromGatehouse(body, signature, SECRET, now + 301_000)).toBe(false);
    }
    const created = deliveries.map(({ body }) => JSON.parse(body) as object);
    expect(created).toContainEqual({
      id: rows[0]?.id,
      event: 'account.created',
      at: new Date(t.clock.now()).toISOString(),
      account: { id: user.publicId, number: user.id },
      actor: 'command line',
      address: null,
      request_id: null,
      details: { role: 'client', has_password: true },
    });
  });

  it('is tried again, the same, until the receiver takes it', async () => {
    answers = [{ status: 500 }, { status: 404 }];
    await t.createUser();
    await drain();
    expect(deliveries).toHaveLength(1);
    for (let tries = 2; tries <= 3; tries += 1) {
      t.clock.advance(3_600);
      await drain();
      expect(deliveries).toHaveLength(tries);
    }
    t.clock.advance(3_600);
    await drain();
    expect(deliveries).toHaveLength(3);
    expect(new Set(deliveries.map(({ body }) => body)).size).toBe(1);
    // Signed anew: an old signature would be too old.
    expect(new Set(deliveries.map(({ headers }) => headers['gatehouse-signature'])).size).toBe(3);
  });

  it('follows no redirect', async () => {
    answers = [{ status: 307, headers: { location: '/elsewhere' } }];
    await t.createUser();
    await drain();
    expect(deliveries.map(({ path }) => path)).toEqual(['/hook?key=sesame']);
    t.clock.advance(3_600);
    await drain();
    expect(deliveries.map(({ path }) => path)).toEqual(['/hook?key=sesame', '/hook?key=sesame']);
  });

  it('is not sent of what was rolled back, nor of refusals', async () => {
    const user = await t.createUser();
    await drain();
    deliveries = [];
    await post(`${t.url}/v1/login`, { email: user.email, password: 'wrong' });
    await expect(t.createUser(user.email)).rejects.toThrow();
    await drain();
    expect(deliveries).toEqual([]);
  });

  it('that fails delays nobody, and the log does not have its URL', async () => {
    answers = Array.from({ length: 50 }, () => ({ status: 503 }));
    const user = await t.createUser();
    await login(t.url, user.email, PASSWORD);
    await drain();
    const logs = JSON.stringify(t.logs);
    expect(logs).toContain('the receiver answered 503');
    expect(logs).not.toContain('sesame');
    expect(logs).not.toContain(SECRET);
  });
});

import { AuditEventsService, type AuditFilter } from '../../src/audit/audit-events.service.js';
import type { AuditEvent } from '../../src/audit/audit-event.entity.js';
import { RefusalsService } from '../../src/audit/refusals.service.js';
import { PASSWORD, type TestApp } from './app.js';
import { bearer, login, post, send, type Answer } from './http.js';

/** What the audit has of the request that was answered so, its details parsed. */
export async function auditOf(t: TestApp, answer: Answer): Promise<(AuditEvent & { facts: unknown })[]> {
  await t.app.get(RefusalsService).drain();
  const events = await t.app.get(AuditEventsService).ofRequest(answer.headers.get('x-request-id') ?? '');
  return events.map((event) => Object.assign(event, { facts: JSON.parse(event.details) as unknown }));
}

/** The newest of the audit first. */
export async function auditList(t: TestApp, filter: Partial<AuditFilter> = {}): Promise<AuditEvent[]> {
  await t.app.get(RefusalsService).drain();
  return (await t.app.get(AuditEventsService).page({ limit: 100, ...filter })).events;
}

/** An administrator who is signed in. */
export interface Administrator {
  publicId: string;
  email: string;
  call(method: string, path: string, body?: object): Promise<Answer>;
}

export async function administrator(t: TestApp, email?: string): Promise<Administrator> {
  const user = await t.createUser(email, 'admin');
  const token = await login(t.url, user.email, PASSWORD);
  return {
    publicId: user.publicId,
    email: user.email,
    call: (method, path, body) => {
      const url = `${t.url}/v1/admin${path}`;
      if (method === 'POST') return post(url, body, bearer(token));
      const json = body && { body: JSON.stringify(body) };
      const headers = { ...bearer(token), ...(body && { 'content-type': 'application/json' }) };
      return send(url, { method, headers, ...json });
    },
  };
}

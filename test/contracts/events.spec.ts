import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { readFileSync } from 'node:fs';
import { AccountsService } from '../../src/admin/accounts.service.js';
import type { GatehouseEvent } from '../../src/audit/events.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { auditList } from '../support/audit.js';
import { login, post } from '../support/http.js';

/** A listener of one's own. */
@Injectable()
class Listener {
  readonly logins: GatehouseEvent<'login.succeeded'>[] = [];
  readonly accounts: GatehouseEvent[] = [];

  @OnEvent('login.succeeded')
  onLogin(event: GatehouseEvent<'login.succeeded'>): void {
    this.logins.push(event);
  }

  @OnEvent('account.*')
  onAccount(event: GatehouseEvent): void {
    this.accounts.push(event);
  }

  @OnEvent('account.*')
  fail(): never {
    throw new Error('a listener of one’s own');
  }

  @OnEvent('account.*')
  async failLater(): Promise<never> {
    await Promise.resolve();
    throw new Error('a listener of one’s own, later');
  }
}
@Module({ providers: [Listener] })
class ListenerModule {}

let t: TestApp;
let heard: Listener;
beforeAll(async () => {
  t = await startApp({ imports: [ListenerModule] });
  heard = t.app.get(Listener);
});
afterAll(() => t.close());
beforeEach(() => {
  heard.logins.length = 0;
  heard.accounts.length = 0;
});

describe('a listener of one’s own', () => {
  it('is told of a login what the audit says of it', async () => {
    const user = await t.createUser();
    const answer = await post(`${t.url}/v1/login`, { email: user.email, password: PASSWORD });
    const [row] = await auditList(t, { publicId: user.publicId, event: 'login.succeeded' });
    expect(heard.logins).toEqual([
      {
        id: row?.id,
        event: 'login.succeeded',
        at: new Date(t.clock.now()).toISOString(),
        account: { id: user.publicId, number: user.id },
        actor: user.publicId,
        address: '127.0.0.1',
        request_id: answer.headers.get('x-request-id'),
        details: { session: expect.stringContaining(user.publicId), second_factor: 'none' },
      },
    ]);
  });

  it('is told after the commit: what it is told of is there', async () => {
    const user = await t.createUser();
    expect(heard.accounts).toMatchObject([
      { event: 'account.created', actor: 'command line', account: { id: user.publicId } },
    ]);
  });

  it('is told nothing of what was rolled back', async () => {
    const user = await t.createUser();
    heard.accounts.length = 0;
    const accounts = t.app.get(AccountsService);
    const taken = await t.createUser();
    heard.accounts.length = 0;
    await expect(accounts.update(user.publicId, { role: 'admin', email: taken.email })).rejects.toThrow();
    await expect(accounts.create({ email: user.email, role: 'client', password: null })).rejects.toThrow();
    expect(heard.accounts).toEqual([]);
  });

  it('does no harm by throwing, at once or later', async () => {
    const user = await t.createUser();
    await login(t.url, user.email, PASSWORD);
    expect(heard.accounts).toHaveLength(1);
    expect(heard.logins).toHaveLength(1);
  });
});

it('docs/events.md lists every event, and no others', () => {
  const root = new URL('../../', import.meta.url);
  const source = readFileSync(new URL('src/audit/events.ts', root), 'utf8');
  const body = /interface EventDetails \{([\s\S]*?)\n\}/.exec(source)?.[1] ?? '';
  const names = [...body.matchAll(/^ {2}'([a-z_.]+)':/gm)].map(([, name]) => name);
  const page = readFileSync(new URL('docs/events.md', root), 'utf8');
  const documented = [...page.matchAll(/^\| `([a-z_]+\.[a-z_]+)`/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(15);
  expect(documented.sort()).toEqual(names.sort());
});

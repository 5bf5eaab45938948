import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { SweepingService } from '../../src/platform/database/sweeping.service.js';
import { RevocationsService } from '../../src/sessions/revocations.service.js';
import { SessionsService } from '../../src/sessions/sessions.service.js';
import type { User } from '../../src/users/user.entity.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login } from '../support/http.js';
import { onPostgres, rounds } from '../support/scope.js';
import { claimsOf, guarded } from '../support/tokens.js';

/** Only the tests poll and sweep. */
const env = { REVOCATION_POLL_MS: '10000' };

onPostgres('revocations that become visible in another order than they were written', () => {
  let t: TestApp;
  let revocations: RevocationsService;
  let clients: pg.Client[];

  beforeAll(async () => {
    t = await startApp({ env });
    revocations = t.app.get(RevocationsService);
    clients = Array.from({ length: 6 }, () => new pg.Client({ connectionString: t.database.databaseUrl }));
    await Promise.all(clients.map((client) => client.connect()));
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await t.close();
  });

  async function revoke(client: pg.Client, sid: unknown): Promise<void> {
    await client.query(
      'INSERT INTO revocations (session_id, position, expires_at) VALUES ($1, pg_current_xact_id()::text::bigint, $2)',
      [sid, t.clock.now() + 3_600_000],
    );
  }

  it('a session whose revocation was written first and committed last is refused', async () => {
    const { email } = await t.createUser();
    const tokens = [await login(t.url, email, PASSWORD), await login(t.url, email, PASSWORD)];
    const [first, second] = clients as [pg.Client, pg.Client];
    const expectAfterPoll = async (...statuses: number[]) => {
      await revocations.poll();
      expect(await Promise.all(tokens.map((token) => guarded(t.url, token)))).toEqual(statuses);
    };
    await first.query('BEGIN');
    await revoke(first, claimsOf(tokens[0] ?? '')['sid']);
    await expectAfterPoll(200, 200);
    await second.query('BEGIN');
    await revoke(second, claimsOf(tokens[1] ?? '')['sid']);
    await expectAfterPoll(200, 200);
    await second.query('COMMIT');
    await expectAfterPoll(200, 401);
    await expectAfterPoll(200, 401);
    await first.query('COMMIT');
    await expectAfterPoll(401, 401);
  });

  it('in any order of beginnings, savepoints, commits, rollbacks and polls, each is seen by the next poll', async () => {
    const steps = rounds(3_000, 50_000);
    const open = new Map<pg.Client, string[]>();
    const committed: string[] = [];
    const undone: string[] = [];
    const actions = {
      write: async (client: pg.Client, sids: string[], sid: string) => {
        await revoke(client, sid);
        sids.push(sid);
      },
      writeInSavepoint: async (client: pg.Client, sids: string[], sid: string) => {
        await client.query('SAVEPOINT s');
        await revoke(client, sid);
        const isKept = randomInt(2) === 0;
        await client.query(isKept ? 'RELEASE s' : 'ROLLBACK TO s');
        (isKept ? sids : undone).push(sid);
      },
      commit: async (client: pg.Client, sids: string[]) => {
        await client.query('COMMIT');
        committed.push(...sids);
        open.delete(client);
      },
      rollback: async (client: pg.Client, sids: string[]) => {
        await client.query('ROLLBACK');
        undone.push(...sids);
        open.delete(client);
      },
      poll: async () => {
        await revocations.poll();
        expect(committed.splice(0).filter((sid) => !revocations.has(sid))).toEqual([]);
      },
    };
    const choices = [
      actions.write,
      actions.write,
      actions.writeInSavepoint,
      actions.commit,
      actions.rollback,
      actions.poll,
    ];
    for (let step = 0; step < steps; step += 1) {
      const client = clients[randomInt(clients.length)] as pg.Client;
      const sids = open.get(client);
      if (sids) {
        await choices[randomInt(choices.length)]?.(client, sids, `step ${step}`);
      } else {
        await client.query('BEGIN');
        open.set(client, []);
      }
    }
    for (const [client, sids] of open) await actions.commit(client, sids);
    await actions.poll();
    expect(undone.filter((sid) => revocations.has(sid))).toEqual([]);
  }, 300_000);
});

describe('revocations written by another instance between sweeps', () => {
  let here: TestApp;
  let there: TestApp;
  let user: User;

  beforeAll(async () => {
    here = await startApp({ env });
    there = await startApp({ env, database: here.database });
    user = await here.createUser();
  });
  afterAll(async () => {
    await there.close();
    await here.close();
  });

  /** Begins a session and ends it, in two transactions. */
  async function endSession({ app, dataSource }: TestApp): Promise<string> {
    const sessions = app.get(SessionsService);
    const client = { address: '127.0.0.1', userAgent: 'test' };
    const { session } = await dataSource.transaction((manager) => sessions.create(user, client, manager));
    const { id } = session;
    await dataSource.transaction((manager) => sessions.end(id, manager));
    return id;
  }

  const count = async () => {
    const [row] = await here.dataSource.query<{ n: number }[]>('SELECT count(*) AS n FROM revocations');
    return Number(row?.n);
  };

  it('are seen by the next poll, although the table was swept empty but for one row', async () => {
    const revocations = here.app.get(RevocationsService);
    for (let round = 0; round < rounds(15, 300); round += 1) {
      const ended: string[] = [];
      for (let i = 0; i < randomInt(1, 6); i += 1) ended.push(await endSession(there));
      await revocations.poll();
      expect(ended.filter((id) => !revocations.has(id))).toEqual([]);
      // Longer than any token lives: all of it goes.
      for (const { clock } of [here, there]) clock.advance(86_400);
      await (randomInt(2) ? here : there).app.get(SweepingService).sweep();
      expect(await count()).toBe(1);
      if (randomInt(2)) await revocations.poll();
    }
  }, 300_000);

  it('are seen by the next poll after the database was put back to an earlier state', async () => {
    const revocations = here.app.get(RevocationsService);
    for (let i = 0; i < 10; i += 1) await endSession(here);
    await revocations.poll();
    await here.dataSource.query('DELETE FROM revocations');
    const ended = [await endSession(there), await endSession(there)];
    await revocations.poll();
    expect(ended.filter((id) => !revocations.has(id))).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { statement } from '../../src/platform/database/statement.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login } from '../support/http.js';
import { onPostgres, rounds } from '../support/scope.js';
import { startProcess, type ServerProcess } from '../support/process.js';
import { claimsOf, refresh } from '../support/tokens.js';

const ROUNDS = rounds(50, 200);
const PARALLEL = 50;

/** The most repeated complaint about login systems: parallel refreshes log people out. Here they all get one successor. */
describe(`${PARALLEL} parallel refreshes of one token, ${ROUNDS} rounds, no retries`, () => {
  let t: TestApp;
  let processes: [ServerProcess, ServerProcess];

  beforeAll(async () => {
    t = await startApp();
    processes = [await startProcess(t.database), await startProcess(t.database)];
  });
  afterAll(async () => {
    for (const each of processes) await each.end();
    await t.close();
  });

  const tokenIds = async (sid: unknown) => {
    const [row] = await statement<{ token_id: string; previous_token_id: string }>(
      t.app.get(DataSource),
      'SELECT token_id, previous_token_id FROM sessions WHERE id = $1',
      [sid],
    );
    return row;
  };

  async function race(urlOf: (i: number) => string): Promise<void> {
    const { email } = await t.createUser();
    let token = await login(urlOf(0), email, PASSWORD);
    for (let round = 0; round < ROUNDS; round += 1) {
      const current = token;
      const answers = await Promise.all(
        Array.from({ length: PARALLEL }, (_, i) => refresh(urlOf(i), current)),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(PARALLEL).fill(200));
      const successors = new Set(answers.map(({ body }) => (body as { access_token: string }).access_token));
      expect(successors.size).toBe(1);
      [token = ''] = successors;
      // One rotation: what the row remembers as the parent is the token that was presented.
      const { sid, jti } = claimsOf(token);
      expect(await tokenIds(sid)).toEqual({ token_id: jti, previous_token_id: claimsOf(current)['jti'] });
    }
  }

  it('on one instance', () => race(() => t.url), 120_000);

  it('across two processes on one database', () => race((i) => processes[i % 2 ? 1 : 0].url), 120_000);
  onPostgres('whose row somebody holds', () => {
    it('waits alone, and rotates once it is let go', async () => {
      const people = await Promise.all(Array.from({ length: 20 }, () => t.createUser()));
      const tokens = await Promise.all(people.map(({ email }) => login(t.url, email, PASSWORD)));
      const [held = '', ...others] = tokens;
      let isDone = false;
      const holder = t.app.get(DataSource).createQueryRunner();
      await holder.startTransaction();
      await holder.query('SELECT id FROM sessions WHERE id = $1 FOR UPDATE', [claimsOf(held)['sid']]);
      const waiting = refresh(t.url, held).finally(() => (isDone = true));
      const answers = await Promise.all(others.map((token) => refresh(t.url, token)));
      expect(answers.map(({ status }) => status)).toEqual(Array(others.length).fill(200));
      expect(isDone).toBe(false);
      await holder.rollbackTransaction();
      await holder.release();
      const { status, body } = await waiting;
      expect(status).toBe(200);
      expect(claimsOf((body as { access_token: string }).access_token)['jti']).not.toBe(
        claimsOf(held)['jti'],
      );
    });
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import type { Answer } from '../support/http.js';
import { startProcess, type ServerProcess } from '../support/process.js';
import { rounds } from '../support/scope.js';
import {
  createProtectedAccount,
  factorRow,
  LOGIN_PATHS,
  reasons,
  triesSpent,
  tryLogin,
  type Factor,
  type ProtectedAccount,
} from '../support/second-factor.js';

const ROUNDS = rounds(20, 200);
const PARALLEL = 50;

/** Many requests at the same instant, on one instance, on both endpoints, across processes: a code opens one session. */
describe('races for a second factor', () => {
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

  const atOnce = (count: number, send: (i: number) => Promise<Answer>) =>
    Promise.all(Array.from({ length: count }, (_, i) => send(i)));
  const across = (count: number, account: ProtectedAccount, factorOf: (i: number) => Factor) =>
    // All four of process and endpoint.
    atOnce(count, (i) =>
      tryLogin(processes[i % 2 ? 1 : 0], account, factorOf(i), LOGIN_PATHS[i % 4 < 2 ? 0 : 1]),
    );
  const expectOne = (answers: Answer[]) => {
    expect(answers.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array<number>(answers.length - 1).fill(401),
    ]);
  };
  const sessionsOf = async ({ id }: ProtectedAccount) => {
    const rows: unknown[] = await t.dataSource.query('SELECT id FROM sessions WHERE user_id = $1', [id]);
    return rows.length;
  };

  it(`${PARALLEL} logins with one right code, ${ROUNDS} rounds, no retries: one session each`, async () => {
    const account = await createProtectedAccount(t);
    for (let round = 0; round < ROUNDS; round += 1) {
      const now = t.clock.now();
      const factor = { code: account.authenticator.code(now) };
      expectOne(await atOnce(PARALLEL, (i) => tryLogin(t, account, factor, LOGIN_PATHS[i % 2 ? 1 : 0])));
      expect((await factorRow(t, account))?.last_used_step).toBe(Math.floor(now / 30_000));
      t.clock.advance(30);
    }
    expect(await triesSpent(t, account)).toBe(0);
  }, 600_000);

  it(`the same across two processes and both endpoints, ${ROUNDS} accounts`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const account = await createProtectedAccount(t);
      const factor = { code: account.authenticator.code(Date.now()) };
      expectOne(await across(PARALLEL, account, () => factor));
      expect(await sessionsOf(account)).toBe(1);
      expect(await triesSpent(t, account)).toBe(0);
    }
  }, 600_000);

  it('100 wrong codes at once across two processes and both endpoints: five are looked at', async () => {
    for (let round = 0; round < 5; round += 1) {
      const account = await createProtectedAccount(t);
      const codes = account.authenticator.wrongCodes(Date.now(), 100);
      const before = processes.map((each) => each.output().length);
      const answers = await across(100, account, (i) => ({ code: codes[i] }));
      expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(401));
      expect(await triesSpent(t, account)).toBe(5);
      const told = () => processes.map((each, i) => each.output().slice(before[i])).join('');
      const count = (reason: string) => told().split(`"reason":"${reason}"`).length - 1;
      // The log is written when it is convenient.
      const refusals = async (all: number) => {
        const deadline = Date.now() + 10_000;
        const seen = () => [count('wrong_code'), count('code_budget_spent')] as const;
        while (seen()[0] + seen()[1] < all && Date.now() < deadline) await sleep(10);
        return seen();
      };
      expect(await refusals(100)).toEqual([5, 95]);
      const right = { code: account.authenticator.code(Date.now()) };
      expect((await across(4, account, () => right)).map(({ status }) => status)).toEqual(Array(4).fill(401));
      expect(await refusals(104)).toEqual([5, 99]);
    }
  }, 300_000);

  it('one right code among 99 wrong ones opens one session or none, and leaves no try', async () => {
    for (let round = 0; round < 5; round += 1) {
      const account = await createProtectedAccount(t);
      const codes = account.authenticator.wrongCodes(Date.now(), 100);
      const right = account.authenticator.code(Date.now());
      const place = [0, 3, 50, 98, 99][round];
      const answers = await across(100, account, (i) => ({ code: i === place ? right : codes[i] }));
      const opened = answers.filter(({ status }) => status === 200).length;
      expect(opened).toBeLessThanOrEqual(1);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(100 - opened);
      expect(await sessionsOf(account)).toBe(opened);
      expect(await triesSpent(t, account)).toBe(5);
    }
  }, 300_000);

  it('a recovery code twenty times at once across two processes and both endpoints: one session', async () => {
    for (let round = 0; round < 10; round += 1) {
      const account = await createProtectedAccount(t);
      expectOne(await across(20, account, () => ({ recovery_code: account.recoveryCodes[round] })));
      expect(await sessionsOf(account)).toBe(1);
    }
  }, 300_000);

  it('a code and ten recovery codes at once open eleven sessions: nobody is refused for the crowd', async () => {
    const account = await createProtectedAccount(t);
    const factors: Factor[] = [
      { code: account.authenticator.code(Date.now()) },
      ...account.recoveryCodes.map((each) => ({ recovery_code: each })),
    ];
    const answers = await across(factors.length, account, (i) => factors[i] ?? {});
    expect(answers.map(({ status }) => status)).toEqual(Array(11).fill(200));
    expect(await sessionsOf(account)).toBe(11);
    expect(reasons(t)).not.toContain('account_changed');
  });
});

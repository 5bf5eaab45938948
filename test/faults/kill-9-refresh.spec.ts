import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post } from '../support/http.js';
import { startProcess, TEST_ENV, type ServerProcess } from '../support/process.js';
import { rounds } from '../support/scope.js';
import { claimsOf, guarded, refresh, refreshed } from '../support/tokens.js';

const ROUNDS = rounds(3, 100);
const REFRESHES = 1_000;
const CHAINS = 8;
/** Clients that log in, refresh once and log out, over and over. */
const VISITORS = 2;

/** What the clients of one server run were told, written down when the answer arrived. */
interface Ledger {
  /** The newest token of each chain. */
  chains: string[];
  /** Tokens that nobody used again. */
  loggedIn: string[];
  /** Tokens whose logout was answered with 204. */
  loggedOut: string[];
  refreshes: number;
}

describe(`kill -9 in the middle of ${REFRESHES} refreshes, ${ROUNDS} times`, () => {
  let database: TestDatabase;
  let server: ServerProcess;

  const start = () => startProcess(database, { MAX_SESSIONS_PER_USER: '1000' });
  const signIn = () => login(server.url, 'admin@example.com', TEST_ENV.BOOTSTRAP_ADMIN_PASSWORD);

  beforeAll(async () => {
    database = await createDatabase();
    server = await start();
  });
  afterAll(async () => {
    await server.end();
    await database.drop();
  });

  async function follow(ledger: Ledger, chain: number): Promise<never> {
    for (;;) {
      ledger.chains[chain] = await refreshed(server.url, ledger.chains[chain] ?? '');
      ledger.refreshes += 1;
    }
  }

  async function visit(ledger: Ledger): Promise<never> {
    for (;;) {
      ledger.loggedIn.push(await signIn());
      const leaving = await refreshed(server.url, await signIn());
      const { status } = await post(`${server.url}/v1/logout`, undefined, bearer(leaving));
      expect(status).toBe(204);
      ledger.loggedOut.push(leaving);
    }
  }

  /** Resolves when the server's death breaks the connection; any other end is a failure. */
  const untilKilled = (work: Promise<never>): Promise<void> =>
    work.catch((error: unknown) => {
      const { code } = error as { code?: string };
      if (!server.child.killed || !['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(code ?? '')) throw error;
    });

  async function runAndKill(): Promise<Ledger> {
    const chains = await Promise.all(Array.from({ length: CHAINS }, signIn));
    const ledger: Ledger = { chains, loggedIn: [], loggedOut: [], refreshes: 0 };
    const work = Promise.all([
      ...chains.map((_, chain) => untilKilled(follow(ledger, chain))),
      ...Array.from({ length: VISITORS }, () => untilKilled(visit(ledger))),
    ]);
    const kill = async () => {
      const last = randomInt(REFRESHES / 20, (REFRESHES * 19) / 20);
      while (ledger.refreshes < last) await sleep(randomInt(1, 4));
      expect(await server.end('SIGKILL')).toBe('SIGKILL');
    };
    await Promise.race([work, kill()]);
    await work;
    return ledger;
  }

  /** Every token that was acknowledged does what it could do before. Returns how many successors had been made and not told. */
  async function expectNothingLost({ chains, loggedIn, loggedOut }: Ledger): Promise<number> {
    const restartedAt = Math.floor(Date.now() / 1000);
    let untold = 0;
    for (const token of [...chains, ...loggedIn]) {
      expect(await guarded(server.url, token)).toBe(200);
      const successor = await refreshed(server.url, token);
      expect(await refreshed(server.url, token)).toBe(successor);
      expect(await guarded(server.url, successor)).toBe(200);
      if (Number(claimsOf(successor)['iat']) < restartedAt) untold += 1;
    }
    for (const token of loggedOut) {
      expect(await guarded(server.url, token)).toBe(401);
      expect((await refresh(server.url, token)).status).toBe(401);
    }
    return untold;
  }

  function expectIntegrity(): void {
    if (database.kind !== 'sqlite') return;
    const file = new Database(join(database.dataDir, 'gatehouse.sqlite'), { readonly: true });
    expect(file.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(file.pragma('foreign_key_check')).toEqual([]);
    file.close();
  }

  it(
    'keeps every acknowledged token, login and logout',
    async () => {
      const kept = { refreshes: 0, logins: 0, logouts: 0, untoldSuccessors: 0 };
      for (let round = 0; round < ROUNDS; round += 1) {
        const ledger = await runAndKill();
        server = await start();
        kept.untoldSuccessors += await expectNothingLost(ledger);
        expectIntegrity();
        kept.refreshes += ledger.refreshes;
        kept.logins += ledger.loggedIn.length;
        kept.logouts += ledger.loggedOut.length;
      }
      console.info(`${ROUNDS} kills, kept: ${JSON.stringify(kept)}`);
    },
    ROUNDS * 60_000,
  );
});

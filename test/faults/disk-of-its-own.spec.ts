import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post, send } from '../support/http.js';
import { canFreeze, freeze, Mount } from '../support/mount.js';
import { startProcess, TEST_ENV, type ServerProcess } from '../support/process.js';
import { onSqlite } from '../support/scope.js';
import { guarded, refreshed } from '../support/tokens.js';

const ADMIN = { email: 'admin@example.com', password: TEST_ENV.BOOTSTRAP_ADMIN_PASSWORD };
const env = { MAX_SESSIONS_PER_USER: '1000' };
const signIn = (server: ServerProcess) => login(server.url, ADMIN.email, ADMIN.password);
const tryLogin = (server: ServerProcess) => post(`${server.url}/v1/login`, ADMIN);

async function expectUnwritable(server: ServerProcess, token: string): Promise<void> {
  const answers = [
    await tryLogin(server),
    await post(`${server.url}/v1/logout`, undefined, bearer(token)),
    await post(`${server.url}/v1/forgot-password`, { email: ADMIN.email }),
  ];
  for (const { status, headers } of answers) expect([status, headers.get('retry-after')]).toEqual([503, '1']);
  expect(await guarded(server.url, token)).toBe(200);
  expect((await send(`${server.url}/readyz`)).status).toBe(200);
}

const probe = Mount.create(1);
probe?.remove();
if (!probe) console.info('a file system of its own: may not be mounted here; skipped');

onSqlite('a server whose data directory is a file system of its own', () => {
  const ifMounted = probe ? it : it.skip;
  let mount: Mount;
  let database: TestDatabase;

  beforeEach(() => {
    const made = Mount.create(8);
    if (!made) return;
    mount = made;
    const drop = () => Promise.resolve();
    database = { kind: 'sqlite', dataDir: mount.folder, databaseUrl: undefined, drop };
  });
  afterEach(() => mount.remove());

  ifMounted(
    'full: writes are refused, reads go on, and with room again so do writes, without a restart',
    async () => {
      const server = await startProcess(database, env);
      try {
        const acknowledged = [await signIn(server)];
        const makeRoom = mount.fill();
        // There is room left in pages that the database already has.
        let answer = await tryLogin(server);
        for (; answer.status === 200; answer = await tryLogin(server)) {
          acknowledged.push(answer.headers.get('access_token') ?? '');
          expect(acknowledged.length).toBeLessThan(900);
        }
        await expectUnwritable(server, acknowledged[0] ?? '');
        makeRoom();
        for (const token of acknowledged) await refreshed(server.url, token);
        await signIn(server);
        expect(server.child.exitCode).toBeNull();
        console.info(`full: ${acknowledged.length} logins acknowledged, all of them kept`);
      } finally {
        await server.end();
      }
    },
    120_000,
  );

  ifMounted(
    'mounted read-only: the start says why it cannot be, and nothing is lost',
    async () => {
      const first = await startProcess(database, env);
      const token = await signIn(first);
      await first.end();
      mount.set('ro');
      await expect(startProcess(database, env)).rejects.toThrow(
        /ended \(1\)[^]*cannot be opened for writing: DATA_DIR is read-only/,
      );
      mount.set('rw');
      const second = await startProcess(database, env);
      try {
        await refreshed(second.url, token);
      } finally {
        await second.end();
      }
    },
    60_000,
  );
});

const isFreezable = canFreeze();
if (!isFreezable) console.info('files that refuse to be written: need root and chattr; skipped');

// The kernel refuses to remount a file system read-only while a database on it is open; its files can be frozen.
(isFreezable ? onSqlite : describe.skip)('a running server whose files cannot be written any more', () => {
  it('refuses writes, goes on reading, and recovers without a restart', async () => {
    const database = await createDatabase();
    const files = ['', '-wal'].map((end) => join(database.dataDir, `gatehouse.sqlite${end}`));
    const server = await startProcess(database, env);
    try {
      const token = await signIn(server);
      expect(freeze(files, true)).toBe(true);
      await expectUnwritable(server, token);
      expect(freeze(files, false)).toBe(true);
      await refreshed(server.url, token);
      await signIn(server);
    } finally {
      freeze(files, false);
      await server.end();
      await database.drop();
    }
  }, 60_000);
});

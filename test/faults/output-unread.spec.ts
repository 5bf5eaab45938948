import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { send } from '../support/http.js';
import { eventually } from '../support/keys.js';
import { startProcess, TEST_ENV } from '../support/process.js';

/** `node dist/main.js | head -1`; a log collector that dies. */
describe('a server whose output nobody reads any more', () => {
  let database: TestDatabase;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await database.drop();
  });

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    return port;
  }

  it('starts, serves and ends', async () => {
    const port = await freePort();
    const { dataDir, databaseUrl } = database;
    const child = spawn(process.execPath, [fileURLToPath(new URL('../../dist/main.js', import.meta.url))], {
      cwd: dataDir,
      env: {
        PATH: process.env['PATH'],
        ...TEST_ENV,
        DATA_DIR: dataDir,
        DATABASE_URL: databaseUrl,
        PORT: String(port),
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    const ended = once(child, 'exit');
    child.stdout.destroy();
    const status = async () =>
      (await send(`http://127.0.0.1:${port}/healthz`).catch(() => undefined))?.status === 200;
    await eventually(status);
    expect(await status()).toBe(true);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  it('goes on and ends where the reader leaves later', async () => {
    const server = await startProcess(database, { LOG_LEVEL: 'info' });
    children.push(server.child);
    server.child.stdout?.destroy();
    for (let i = 0; i < 50; i += 1) expect((await send(`${server.url}/api/films`)).status).toBe(401);
    expect(await server.end()).toBe(0);
  });

  it('ends where the reader leaves with the last lines', async () => {
    const server = await startProcess(database, { LOG_LEVEL: 'info' });
    children.push(server.child);
    // Its line waits to be written with others, a tenth of a second at most.
    expect((await send(`${server.url}/api/films`)).status).toBe(401);
    server.child.stdout?.destroy();
    expect(await server.end()).toBe(0);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { post, send } from '../support/http.js';
import { startProcess, TEST_ENV, type ServerProcess } from '../support/process.js';
import { onSqlite } from '../support/scope.js';
import { open } from '../support/socket.js';

const ADMIN = { email: 'admin@example.com', password: TEST_ENV.BOOTSTRAP_ADMIN_PASSWORD };

describe('a server is told to end', () => {
  let database: TestDatabase;
  const sockets: Socket[] = [];
  const servers: ServerProcess[] = [];
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => server.end('SIGKILL')));
    await database.drop();
  });

  async function start(env: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await startProcess(database, env);
    servers.push(server);
    return server;
  }

  /** Sends SIGTERM; the exit code, and after how many seconds. */
  async function end(server: ServerProcess): Promise<{ code: number | string | null; seconds: number }> {
    const startedAt = performance.now();
    const code = await server.end();
    return { code, seconds: (performance.now() - startedAt) / 1000 };
  }

  /** A connection that has had one answer and stays open. */
  async function idle(server: ServerProcess): Promise<Socket> {
    const socket = await open(server.url);
    sockets.push(socket);
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    return socket;
  }

  it('idle connections do not hold it up', async () => {
    const server = await start();
    const connections = [await idle(server), await idle(server), await open(server.url)];
    sockets.push(...connections);
    expect(connections.filter(({ destroyed }) => destroyed)).toEqual([]);
    const { code, seconds } = await end(server);
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(3);
  });

  it('logins under way are answered, and kept', async () => {
    const server = await start({ BCRYPT_COST: '11' });
    const logins = Array.from({ length: 6 }, () => post(`${server.url}/v1/login`, ADMIN));
    // They have been read: some hash, the others wait.
    await sleep(250);
    const ending = end(server);
    const answers = await Promise.all(logins);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(await ending).toMatchObject({ code: 0 });
    const next = await start();
    for (const { headers } of answers) {
      const authorization = `Bearer ${headers.get('access_token') ?? ''}`;
      expect((await post(`${next.url}/v1/refresh-token`, undefined, { authorization })).status).toBe(200);
    }
    expect((await end(next)).code).toBe(0);
  });

  onSqlite('whatever the database', () => {
    it.each([
      ['in the middle of a header', 'POST /v1/login HTTP/1.1\r\nHost: x\r\n'],
      [
        'in the middle of a body',
        'POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
      ],
    ])('a client stuck %s holds it up for less than 10 s', async (_, bytes) => {
      const server = await start();
      const stuck = await open(server.url);
      sockets.push(stuck);
      stuck.write(bytes);
      await send(`${server.url}/healthz`);
      const { code, seconds } = await end(server);
      expect(code).toBe(0);
      expect(seconds).toBeLessThan(10);
    });

    it('with a delay it is not ready at once, and serves until the delay is over', async () => {
      const server = await start({ SHUTDOWN_DELAY_SECONDS: '2', MANAGEMENT_PORT: '0' });
      expect((await send(`${server.managementUrl}/readyz`)).status).toBe(200);
      const ending = end(server);
      await sleep(300);
      for (const url of [server.url, server.managementUrl]) {
        const answer = await send(`${url}/readyz`);
        expect(answer.status).toBe(503);
        expect(answer.body).toMatchObject({ error: { serving: { status: 'down' } } });
        expect((await send(`${url}/healthz`)).status).toBe(200);
      }
      expect((await post(`${server.url}/v1/login`, ADMIN)).status).toBe(200);
      const { code, seconds } = await ending;
      expect(code).toBe(0);
      expect(seconds).toBeGreaterThan(2);
      expect(seconds).toBeLessThan(5);
    });
  });
});

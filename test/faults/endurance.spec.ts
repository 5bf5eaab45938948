import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post } from '../support/http.js';
import { startProcess, TEST_ENV, type ServerProcess } from '../support/process.js';
import { rounds } from '../support/scope.js';
import { refreshed } from '../support/tokens.js';

const REQUESTS = rounds(60_000, 1_000_000);
/** In a short run the heap is still finding its size. */
const GROWTH = rounds(130, 110) / 100;
const READINGS = 20;
const CONNECTIONS = 16;
/** Requests that a connection sends at once. */
const BATCH = 50;
const ADMIN = { email: 'admin@example.com', password: TEST_ENV.BOOTSTRAP_ADMIN_PASSWORD };

/** Sends `BATCH` requests with these heads in turn, and reads their answers; the statuses. */
async function sendBatch(
  socket: Socket,
  chunks: AsyncIterator<Buffer>,
  heads: readonly string[],
): Promise<string[]> {
  socket.write(Array.from({ length: BATCH }, (_, i) => heads[i % heads.length]).join(''));
  const statuses: string[] = [];
  let rest = '';
  while (statuses.length < BATCH) {
    const next = await chunks.next();
    if (next.done) throw new Error('the server closed a connection');
    rest += next.value.toString('latin1');
    // A status line may come in two parts: what follows the last line break is kept.
    const end = rest.lastIndexOf('\n') + 1;
    statuses.push(
      ...[...rest.slice(0, end).matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status = '']) => status),
    );
    rest = rest.slice(end);
  }
  return statuses;
}

const mean = (numbers: number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

describe(`${REQUESTS.toLocaleString('en')} requests`, () => {
  let database: TestDatabase;
  let server: ServerProcess;
  beforeAll(async () => {
    database = await createDatabase();
    server = await startProcess(database, { MAX_SESSIONS_PER_USER: '20' });
  });
  afterAll(async () => {
    await server.end();
    await database.drop();
  });

  const descriptors = () => readdirSync(`/proc/${server.child.pid}/fd`).length;

  it(
    'leave memory and descriptors as they were after the first fifth',
    async () => {
      const { port } = new URL(server.url);
      let token = await login(server.url, ADMIN.email, ADMIN.password);
      const sockets = Array.from({ length: CONNECTIONS }, () => {
        const socket = connect(Number(port), '127.0.0.1');
        return { socket, chunks: socket[Symbol.asyncIterator]() as AsyncIterator<Buffer> };
      });
      const seen = new Map<string, number>();
      const resident: number[] = [];
      const open: number[] = [];
      let done = 0;
      const follow = async ({ socket, chunks }: (typeof sockets)[number], until: number) => {
        while (done < until) {
          const head = (path: string, as = token) =>
            `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${as}\r\n\r\n`;
          const heads = [
            head('/api/films'),
            head('/v1/me'),
            head('/api/films', 'x'),
            head('/nowhere'),
            head('/api/films'),
          ];
          for (const status of await sendBatch(socket, chunks, heads))
            seen.set(status, (seen.get(status) ?? 0) + 1);
          done += BATCH;
        }
      };
      /** What costs more, once for some hundreds of the others. */
      const beside = async (until: number) => {
        while (done < until) {
          token = await refreshed(server.url, token);
          await login(server.url, ADMIN.email, ADMIN.password);
          await post(`${server.url}/v1/login`, { ...ADMIN, password: 'wrong' });
          const leaving = await login(server.url, ADMIN.email, ADMIN.password);
          await post(`${server.url}/v1/logout`, undefined, bearer(leaving));
          token = await refreshed(server.url, token);
          done += 6;
        }
      };
      // Between two collections of garbage it rises: only its mean says anything.
      const samples = [server.residentMiB()];
      const sampling = setInterval(() => samples.push(server.residentMiB()), 100);
      const startedAt = performance.now();
      for (let reading = 1; reading <= READINGS; reading += 1) {
        const until = (REQUESTS / READINGS) * reading;
        await Promise.all([...sockets.map((socket) => follow(socket, until)), beside(until)]);
        resident.push(mean(samples));
        samples.length = 0;
        open.push(descriptors());
      }
      const seconds = (performance.now() - startedAt) / 1000;
      clearInterval(sampling);
      for (const { socket } of sockets) socket.destroy();
      console.info(
        `${done} requests in ${seconds.toFixed(0)} s: ${JSON.stringify(Object.fromEntries(seen))}; RSS in MiB ` +
          `${resident.map((each) => each.toFixed(0)).join(' ')}; descriptors ${open.join(' ')}`,
      );
      expect([...seen.keys()].sort()).toEqual(['200', '401', '404']);
      expect(mean(resident.slice(-8))).toBeLessThan(mean(resident.slice(4, 12)) * GROWTH);
      expect(Math.max(...open.slice(-8))).toBeLessThan(Math.max(...open.slice(4, 12)) * 1.1);
    },
    rounds(120_000, 1_800_000),
  );
});

import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parseConfig, type Config } from '../platform/config/config.schema.js';
import { BreachedPasswordsService } from './breached-passwords.service.js';

const PASSWORD = 'mySecur€Password!';
const digest = createHash('sha1').update(PASSWORD).digest('hex').toUpperCase();
const [prefix, suffix] = [digest.slice(0, 5), digest.slice(5)];

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** The service, asking a server that answers as `listener` does. */
async function asking(listener: RequestListener): Promise<BreachedPasswordsService> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return configured(`http://127.0.0.1:${port}/range`);
}

const configured = (url?: string) =>
  new BreachedPasswordsService(parseConfig(url ? { BREACHED_PASSWORDS_URL: url } : {}) as Config);

const listing =
  (...lines: string[]): RequestListener =>
  (_request, response) => {
    response.end(lines.join('\r\n'));
  };

describe('BreachedPasswordsService', () => {
  it('tells five digits of the hash and nothing more', async () => {
    const asked: unknown[] = [];
    const service = await asking((request, response) => {
      asked.push([request.method, request.url, request.headers['add-padding']]);
      response.end(`${'0'.repeat(35)}:3\r\n${suffix}:17`);
    });
    expect(await service.has(PASSWORD)).toBe(true);
    expect(asked).toEqual([['GET', `/range/${prefix}`, 'true']]);
  });

  it('believes neither another suffix nor padding', async () => {
    expect(await (await asking(listing(`${'0'.repeat(35)}:3`))).has(PASSWORD)).toBe(false);
    server?.close();
    expect(await (await asking(listing(`${suffix}:0`))).has(PASSWORD)).toBe(false);
  });

  it.each<[string, RequestListener]>([
    ['an error', (_, response) => response.writeHead(503).end(`${suffix}:17`)],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['silence', () => undefined],
    ['a hang-up', (request) => request.socket.destroy()],
  ])('lets a password through on %s', async (_, listener) => {
    expect(await (await asking(listener)).has(PASSWORD)).toBe(false);
  });

  it('asks nobody unless configured', async () => {
    expect(await configured().has('password')).toBe(false);
  });
});

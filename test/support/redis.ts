import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { eventually } from './keys.js';

const PROGRAM = ['redis-server', 'valkey-server'].find(
  (program) => spawnSync(program, ['--version']).status === 0,
);

/** Whether there is a Redis, or a Valkey, to be started here. */
export const hasRedis = PROGRAM !== undefined;

/** A Redis of a test's own: in memory, on a port of 127.0.0.1 that it keeps. */
export class RedisServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly port: number,
    private readonly folder: string,
  ) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), mkdtempSync(join(tmpdir(), 'gatehouse-redis-')));
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, also anew and then empty; resolves once it answers. */
  async start(): Promise<void> {
    const options = { port: this.port, bind: '127.0.0.1', dir: this.folder, save: '', appendonly: 'no' };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.child = spawn(PROGRAM ?? '', words, { stdio: 'ignore' });
    await eventually(() => this.entries().then(Boolean, () => false));
  }

  /** Ends it without a word to anybody. */
  async kill(): Promise<void> {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  /** Holds it: its connections stay open, and it says nothing until `resume`. */
  hold(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** Every key and its value. */
  async entries(): Promise<[key: string, value: string | null][]> {
    const client = createClient({
      url: this.url,
      socket: { reconnectStrategy: false, connectTimeout: 1_000 },
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const keys = await client.keys('*');
      return await Promise.all(keys.map(async (key) => [key, await client.get(key)] as [string, string]));
    } finally {
      client.destroy();
    }
  }

  /** Ends it for good. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A port of 127.0.0.1 on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

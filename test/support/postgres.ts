import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { eventually } from './keys.js';
import { freePort } from './redis.js';
import type { TestDatabase } from './database.js';

const ROOT = '/usr/lib/postgresql';
const PROGRAMS = spawnSync('find', [ROOT, '-path', '*/bin/initdb'], { encoding: 'utf8' })
  .stdout.split('\n')
  .filter(Boolean)
  .map((file) => file.replace(/\/initdb$/, ''))
  .at(-1);

/** Whether a PostgreSQL can be started here. */
export const hasPostgres = PROGRAMS !== undefined;

const idOf = (option: string) =>
  Number(spawnSync('id', [option, 'postgres'], { encoding: 'utf8' }).stdout.trim());
/** It refuses to be root. */
const user = userInfo().uid === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};

/** A PostgreSQL of a test's own, on a port of 127.0.0.1 that it keeps: to be held, killed and started again. */
export class PostgresServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly port: number,
    private readonly folder: string,
  ) {}

  static async start(): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-postgres-'));
    chmodSync(folder, 0o755);
    const server = new PostgresServer(await freePort(), folder);
    mkdirSync(server.files);
    if (user.uid !== undefined) chownSync(server.files, user.uid, user.gid);
    const words = [
      '-D',
      server.files,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ];
    const made = spawnSync(join(PROGRAMS ?? '', 'initdb'), words, { ...user, cwd: '/', encoding: 'utf8' });
    if (made.status !== 0) throw new Error(made.stderr);
    await server.start();
    return server;
  }

  /** Its database `postgres`, with a data directory for whoever uses it. */
  get database(): TestDatabase {
    const dataDir = join(this.folder, 'data');
    mkdirSync(dataDir, { recursive: true });
    const databaseUrl = `postgres://postgres@127.0.0.1:${this.port}/postgres`;
    return { kind: 'postgres', dataDir, databaseUrl, drop: () => this.remove() };
  }

  /** Starts it, on what it held when it ended; resolves once it answers. */
  async start(): Promise<void> {
    const words = ['-D', this.files, '-h', '127.0.0.1', '-p', String(this.port), '-k', this.files];
    this.child = spawn(join(PROGRAMS ?? '', 'postgres'), words, { ...user, cwd: '/', stdio: 'ignore' });
    await eventually(() => this.answers());
  }

  /** Ends it. `SIGINT`: it ends every connection and stops in order; `SIGQUIT`: at once, as in a crash. */
  async end(signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
    if (!this.child || !this.isRunning) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }

  /** Holds each of its processes: connections stay, the kernel accepts new ones, and nobody answers until `resume`. */
  hold(): void {
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  /** Ends it for good. */
  async remove(): Promise<void> {
    if (this.isRunning) this.resume();
    await this.end('SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get isRunning(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  private get files(): string {
    return join(this.folder, 'cluster');
  }

  /** The parent first, which would see its children stop. */
  private signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const parent = this.child?.pid;
    if (parent === undefined) throw new Error('no PostgreSQL was started');
    process.kill(parent, signal);
    const children = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === parent);
    for (const child of children) killIfThere(Number(child), signal);
  }

  private async answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.database.databaseUrl });
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      return false;
    }
  }
}

/** A server's process for one connection may end by itself at any moment. */
function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Of /proc/<pid>/stat: the name, in brackets, may hold anything. */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './keys.js';
import { freePort } from './redis.js';

const PROGRAM = ['nginx', '/usr/sbin/nginx'].find((program) => spawnSync(program, ['-v']).status === 0);

/** Whether there is an nginx to be started here. */
export const hasNginx = PROGRAM !== undefined;

const CONFIGURATION = new URL('../../deploy/nginx.conf', import.meta.url);

/** nginx as deploy/nginx.conf sets it up, in front of servers of a test's own. */
export class Nginx {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  /** In front of servers at these ports of 127.0.0.1; resolves once it answers. */
  static async start(ports: readonly number[]): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-nginx-'));
    // Its workers are another user.
    chmodSync(folder, 0o755);
    const ours = await freePort();
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const text = readFileSync(CONFIGURATION, 'utf8')
      .replace('pid /run/nginx.pid;', `pid ${folder}/pid;\nerror_log ${folder}/error.log;\ndaemon off;`)
      .replace('http {', `http {\n${places.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}`)
      .replace('listen 8080;', `listen 127.0.0.1:${ours};`)
      .replace(
        /( *server )gatehouse-1:3000(.*\n).*gatehouse-2:3000.*\n/,
        (_, before: string, after: string) =>
          ports.map((port) => `${before}127.0.0.1:${port}${after}`).join(''),
      );
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, text);
    const checked = spawnSync(PROGRAM ?? '', ['-t', '-c', file, '-e', `${folder}/error.log`], {
      encoding: 'utf8',
    });
    if (checked.status !== 0) throw new Error(checked.stderr);
    const words = ['-c', file, '-p', folder, '-e', `${folder}/error.log`];
    const child = spawn(PROGRAM ?? '', words, { stdio: 'ignore' });
    const nginx = new Nginx(`http://127.0.0.1:${ours}`, child, folder);
    await eventually(() => fetch(nginx.url).then(Boolean, () => false));
    return nginx;
  }

  async remove(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

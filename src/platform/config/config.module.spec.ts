import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { CONFIG, type Config } from './config.schema.js';
import { ConfigModule, loadConfig } from './config.module.js';

// The built file, as the worker of the passwords: a process of its own cannot read TypeScript. `npm test` builds first.
const built = new URL('../../../build/platform/config/config.module.js', import.meta.url).href;
const program = `
  const { loadConfig } = await import(${JSON.stringify(built)});
  process.stdout.write('ready\\n');
  process.stdin.once('data', () => {
    try { console.log(JSON.stringify(loadConfig())); } catch (error) { console.log(JSON.stringify(error.message)); }
    process.stdin.destroy();
  });`;

describe('loadConfig in a process of its own', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** Starts `count` processes, has them load together when all are ready, and gives what each of them printed. */
  async function load(count: number, env: Record<string, string> = {}): Promise<unknown[]> {
    const children = Array.from({ length: count }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', program], {
        cwd: folder,
        env: { PATH: process.env.PATH, ...env },
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    await Promise.all(children.map(({ stdout }) => once(stdout, 'data')));
    for (const { stdin } of children) stdin.write('go\n');
    return Promise.all(children.map(output));
  }

  async function output({ stdout }: ChildProcess): Promise<unknown> {
    let text = '';
    stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(stdout ?? process.stdin, 'end');
    return JSON.parse(text);
  }

  it('agrees with others starting at the same moment on one pair of secrets', async () => {
    const configs = (await load(6)) as Config[];
    expect(new Set(configs.map(({ jwtSecret, encryptionKey }) => `${jwtSecret} ${encryptionKey}`)).size).toBe(
      1,
    );
    expect(configs.flatMap(({ generatedFiles }) => generatedFiles).sort()).toEqual([
      join(folder, 'data', 'encryption-key'),
      join(folder, 'data', 'jwt-secret'),
    ]);
    expect(readdirSync(join(folder, 'data')).sort()).toEqual(['encryption-key', 'jwt-secret']);
  });

  it('reads .env, which the environment overrides', async () => {
    writeFileSync(join(folder, '.env'), 'PORT=4001 # mine\nJWT_ISSUER="from file"\nLOG_LEVEL=warn\n');
    expect(await load(1, { JWT_ISSUER: 'environment', LOG_LEVEL: '' })).toEqual([
      expect.objectContaining({ port: 4001, jwtIssuer: 'environment', logLevel: 'info' }),
    ]);
  });

  it('reports the faults of .env with those of the environment', async () => {
    writeFileSync(join(folder, '.env'), 'PORT=none\nJWT_SECRET=\n');
    const [message] = await load(1, { HOST: 'a b' });
    expect(message).toMatch(/^HOST: .*\nPORT: .*\nJWT_SECRET: .*$/);
    expect(readdirSync(folder)).toEqual(['.env']);
  });

  it('says in one line that .env cannot be read', async () => {
    mkdirSync(join(folder, '.env'));
    expect(await load(1)).toEqual(['.env: must be a file that can be read (EISDIR)']);
  });
});

describe('ConfigModule', () => {
  it('gives every module the one configuration of the process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    const before = process.env.DATA_DIR;
    process.env.DATA_DIR = folder;
    try {
      const app = await Test.createTestingModule({ imports: [ConfigModule] }).compile();
      expect(app.get(CONFIG)).toBe(loadConfig());
      expect(loadConfig()).toMatchObject({ nodeEnv: 'test', dataDir: folder });
    } finally {
      if (before === undefined) delete process.env.DATA_DIR;
      else process.env.DATA_DIR = before;
      rmSync(folder, { recursive: true });
    }
  });
});

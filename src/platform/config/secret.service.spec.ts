import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigError, parseConfig, type Config } from './config.schema.js';
import { resolveSecrets } from './secret.service.js';

const secret = 'kP3vR8xLq2ZtW7nB5yHc9MdF4sJg6TaE';
const other = 'uY1oIw0eXrQ-NbVmCkLzJhGfDsApSdKq';
const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('resolveSecrets', () => {
  let parent: string;
  let folder: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    folder = join(parent, 'nested', 'data');
  });
  afterEach(() => {
    rmSync(parent, { recursive: true });
  });

  const start = (env: Record<string, string> = {}): Config =>
    resolveSecrets(parseConfig({ DATA_DIR: folder, ...env }));

  function refusal(env: Record<string, string> = {}): string {
    try {
      start(env);
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
    return 'started';
  }

  it('generates both secrets once, for their owner only', () => {
    const first = start();
    const files = [join(folder, 'jwt-secret'), join(folder, 'encryption-key')];
    expect(first.generatedFiles).toEqual(files);
    expect(files.map(modeOf)).toEqual([0o600, 0o600]);
    expect(modeOf(folder)).toBe(0o700);
    expect(readdirSync(folder).sort()).toEqual(['encryption-key', 'jwt-secret']);
    for (const value of [first.jwtSecret, first.encryptionKey]) {
      expect(Buffer.from(String(value), 'base64url')).toHaveLength(48);
    }
    expect(first.jwtSecret).not.toBe(first.encryptionKey);
    expect(Object.isFrozen(first)).toBe(true);

    expect(start()).toEqual({ ...first, generatedFiles: [] });
  });

  it('prefers a given secret to its file, and generates only what is missing', () => {
    const config = start({ JWT_SECRET: secret });
    expect(config.jwtSecret).toBe(secret);
    expect(config.generatedFiles).toEqual([join(folder, 'encryption-key')]);
    expect(start({ ENCRYPTION_KEY: other }).encryptionKey).toBe(other);
  });

  it('forgives the line break that an editor leaves', () => {
    start();
    writeFileSync(join(folder, 'jwt-secret'), `${secret}\n`);
    expect(start().jwtSecret).toBe(secret);
  });

  it.each(['jwt-secret', 'encryption-key'])('stops where %s is blank, short or a sample', (name) => {
    start();
    const file = join(folder, name);
    for (const text of ['', '\n', secret.slice(1), 'x'.repeat(64)]) {
      writeFileSync(file, text);
      const message = refusal();
      expect(message).toContain(`${name.toUpperCase().replace('-', '_')}: the file ${file} must be random`);
      expect(message).toContain('delete the file');
      expect(message.split('\n')).toHaveLength(1);
      expect(readFileSync(file, 'utf8')).toBe(text);
      if (text.trim()) expect(message).not.toContain(text);
    }
  });

  it('stops where the two secrets are one', () => {
    const { jwtSecret } = start();
    expect(refusal({ ENCRYPTION_KEY: String(jwtSecret) })).toMatch(
      /^ENCRYPTION_KEY: must be different from JWT_SECRET/,
    );
  });

  it('creates the folder for the embedded database, and none where nothing is stored', () => {
    const given = { NODE_ENV: 'production', JWT_SECRET: secret, ENCRYPTION_KEY: other };
    start({ ...given, DATABASE_URL: 'postgres://127.0.0.1/gatehouse' });
    expect(existsSync(folder)).toBe(false);
    expect(start(given).generatedFiles).toEqual([]);
    expect(modeOf(folder)).toBe(0o700);
  });

  it('closes an existing folder of ours to others', () => {
    start();
    chmodSync(folder, 0o755);
    start();
    expect(modeOf(folder)).toBe(0o700);

    for (const file of ['jwt-secret', 'encryption-key']) {
      rmSync(join(folder, file));
      chmodSync(folder, 0o750);
      start();
      expect(modeOf(folder)).toBe(0o700);
    }

    folder = parent;
    rmSync(join(parent, 'nested'), { recursive: true });
    chmodSync(folder, 0o777);
    start();
    expect(modeOf(folder)).toBe(0o700);
  });

  it('does not close an open folder that holds other things, nor put secrets in it', () => {
    writeFileSync(join(parent, 'holiday.jpg'), '');
    chmodSync(parent, 0o755);
    expect(refusal({ DATA_DIR: parent })).toBe(
      'DATA_DIR: must be a folder of its own, open to its owner only (chmod 700)',
    );
    expect(modeOf(parent)).toBe(0o755);
    expect(readdirSync(parent)).toEqual(['holiday.jpg']);
    chmodSync(parent, 0o700);
    expect(refusal({ DATA_DIR: parent })).toBe('started');
  });

  it('says in one line that the folder or a file of it cannot be used', () => {
    writeFileSync(join(parent, 'file'), '');
    expect(refusal({ DATA_DIR: join(parent, 'file') })).toMatch(
      /^DATA_DIR: must be a folder whose .* \(EEXIST mkdir file\)$/,
    );
    expect(refusal({ DATA_DIR: join(parent, 'file', 'data') })).toMatch(
      /^DATA_DIR: .* \(ENOTDIR mkdir data\)$/,
    );
    start();
    rmSync(join(folder, 'jwt-secret'));
    mkdirSync(join(folder, 'jwt-secret'));
    expect(refusal()).toMatch(/^DATA_DIR: .* \(EISDIR read.*\)$/);
  });
});

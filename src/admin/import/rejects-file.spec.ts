import { spawnSync } from 'node:child_process';
import { constants, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RejectsFile } from './rejects-file.js';

describe('RejectsFile', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-rejects-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has one header, however many rows are rejected at once', async () => {
    const path = join(folder, 'rejects.csv');
    const rejects = (await RejectsFile.create(path, 'users.csv')) as RejectsFile;
    const lines = Array.from({ length: 50 }, (_, i) => `${i}\n`);
    await Promise.all(lines.map((raw, i) => rejects.add({ line: i, raw, header: 'a\n' })));
    await rejects.close();
    expect(readFileSync(path, 'utf8')).toBe(`a\n${lines.join('')}`);
  });

  it('leaves the mode of what is no file', async () => {
    const path = join(folder, 'pipe');
    spawnSync('mkfifo', ['-m', '644', path]);
    const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const rejects = await RejectsFile.create(path, 'users.csv');
    await rejects?.close();
    await reader.close();
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { checkAddon, UnsafeAddonError } from './addon.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-addon-'));
  mkdirSync(join(folder, 'build', 'Release'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

const compiled = (symbols: string) =>
  writeFileSync(join(folder, 'build', 'Release', 'better_sqlite3.node'), `\x7fELF\0${symbols}\0`);

it('takes the one that is installed here', () => {
  expect(() => checkAddon()).not.toThrow();
});

it('takes one that was compiled against headers without the hook, and one that was not compiled', () => {
  expect(() => checkAddon(folder)).not.toThrow();
  compiled('_ZN4node25AddEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_');
  expect(() => checkAddon(folder)).not.toThrow();
});

it('refuses one that would abort the process', () => {
  compiled('_ZN4node28RemoveEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_');
  expect(() => checkAddon(folder)).toThrow(UnsafeAddonError);
});

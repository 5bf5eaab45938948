import { beforeAll, describe, expect, it } from '@jest/globals';
import { ESLint, type Linter } from 'eslint';
import tseslint from 'typescript-eslint';

const folders = 'import-x/no-restricted-paths';
const entities = '@typescript-eslint/no-restricted-imports';
const settings = 'no-restricted-properties';
const names = 'no-restricted-syntax';

const refused: [file: string, code: string, rule: string][] = [
  ['src/users/users.service.ts', "import '../sessions/sessions.service.js';", folders],
  ['src/sessions/sessions.service.ts', "export * from '../users/users.errors.js';", folders],
  ['src/sessions/sessions.service.ts', "await import('../users/users.service.js');", folders],
  ['src/users/users.service.ts', "import '../auth/login.service.js';", folders],
  ['src/auth/login.service.ts', "import '../app.module.js';", folders],
  ['src/films/example.js', "import '../users/users.service.js';", folders],
  ['src/two-factor/example.js', "import '../users/users.service.js';", folders],
  ['src/account/example.js', "import '../app.setup.js';", folders],
  ['src/platform/config/config.module.ts', "import '../../users/users.errors.js';", folders],
  ['src/auth/contracts/v1/v1.controller.ts', "import '../users-auth/users-auth.controller.js';", folders],
  ['src/auth/contracts/users-auth/users-auth.controller.ts', "import '../v1/v1.controller.js';", folders],
  ['src/auth/login.service.ts', "import '../../test/inventory/imports.spec.js';", folders],
  ['src/auth/login.service.ts', "import { User } from '../users/user.entity.js';", entities],
  ['src/app.module.ts', "import { User } from './users/user.entity.js';", entities],
  ['src/auth/login.service.ts', "import { env } from 'node:process';", entities],
  ['src/auth/login.service.ts', 'console.log(process.env.PORT);', settings],
  ['src/auth/login.service.ts', 'const { env } = process; console.log(env);', settings],
  ['src/users/users.service.ts', "export * from './users.errors.js';", names],
  ['src/users/index.js', 'export const name = 1;', names],
  ['src/users/users.helper.js', 'export const name = 1;', names],
  ['src/auth/login.service.ts', "import 'supertest';", 'import-x/no-extraneous-dependencies'],
  ['src/auth/login.service.ts', 'Promise.resolve();', '@typescript-eslint/no-floating-promises'],
  ['src/auth/login.service.ts', 'setTimeout(async () => {});', '@typescript-eslint/no-misused-promises'],
  ['src/auth/login.service.ts', 'export let x: any;', '@typescript-eslint/no-explicit-any'],
  [
    'src/auth/login.service.ts',
    "export function f(x: 'a' | 'b') { switch (x) { case 'a': return 1; } return 2; }",
    '@typescript-eslint/switch-exhaustiveness-check',
  ],
  [
    'src/auth/login.service.ts',
    '/* eslint-disable eqeqeq */ console.log(1 == 1);',
    '@eslint-community/eslint-comments/require-description',
  ],
];

const allowed: [file: string, code: string][] = [
  ['src/auth/login.service.ts', "import type { User } from '../users/user.entity.js';"],
  ['src/users/users.service.ts', "import { User } from './user.entity.js';"],
  ['src/auth/login.service.ts', "import '../users/users.service.js';"],
  ['src/films/example.js', "import '../auth/guards/public.decorator.js';"],
  ['src/users/users.service.ts', "import '../platform/clock/clock.service.js';"],
  ['src/app.module.ts', "import './auth/auth.module.js';"],
  ['src/commands/example.js', "import '../users/users.service.js';"],
  ['src/platform/config/config.module.ts', 'console.log(process.env.PORT);'],
];

const guarded = [folders, entities, settings, names];

describe('the lint rules behind docs/architecture.md', () => {
  let withTypes: ESLint;
  /** For rules that ask nothing of them: TypeScript puts all files together anew for each change of one. */
  let withoutTypes: ESLint;
  beforeAll(() => {
    withTypes = new ESLint();
    withoutTypes = new ESLint({ overrideConfig: tseslint.configs.disableTypeChecked as Linter.Config });
  });

  async function complaints(eslint: ESLint, file: string, code: string): Promise<(string | null)[]> {
    const [result] = await eslint.lintText(code, { filePath: file });
    return (result?.messages ?? []).map(({ ruleId }) => ruleId);
  }

  it.each(refused)('%s: refuses %s', async (file, code, rule) => {
    const eslint = rule.startsWith('@typescript-eslint/') && rule !== entities ? withTypes : withoutTypes;
    expect(await complaints(eslint, file, code)).toContain(rule);
  });

  it.each(allowed)('%s: allows %s', async (file, code) => {
    // A rule of none is a file that could not be parsed: nothing was checked.
    const found = (await complaints(withoutTypes, file, code)).filter(
      (rule) => rule === null || guarded.includes(rule),
    );
    expect(found).toEqual([]);
  });
});

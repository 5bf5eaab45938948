import comments from '@eslint-community/eslint-plugin-eslint-comments/configs';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const facts = [
  'users',
  'passwords',
  'sessions',
  'two-factor',
  'attempts',
  'audit',
  'mail',
  'one-time-tokens',
];

// What each folder of src may import besides itself: docs/architecture.md, "Layers".
const mayImport = {
  commands: ['operations', 'admin', 'account', 'auth', ...facts, 'platform'],
  operations: ['admin', 'account', 'auth', ...facts, 'platform'],
  films: ['auth', 'platform'],
  admin: ['account', 'auth', ...facts, 'platform'],
  account: ['auth', ...facts, 'platform'],
  auth: [...facts, 'platform'],
  ...Object.fromEntries(facts.map((fact) => [fact, ['platform']])),
  platform: [],
};

const folderZones = Object.entries(mayImport).map(([folder, below]) => ({
  target: `./src/${folder}`,
  from: './src',
  except: [folder, ...below].map((name) => `./${name}`),
  message: `src/${folder} may import only ${below.join(', ') || 'packages'}.`,
}));

const contractZones = [
  ['v1', 'users-auth'],
  ['users-auth', 'v1'],
].map(([contract, other]) => ({
  target: `./src/auth/contracts/${contract}`,
  from: `./src/auth/contracts/${other}`,
  message: 'A contract is a promise and must not change because its neighbour did.',
}));

/** Packages that the source imports and `bundle.js` builds in: devDependencies, which a production install does without. */
const builtIn = [
  '@fastify/static',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/event-emitter',
  '@nestjs/passport',
  '@nestjs/platform-fastify',
  '@nestjs/swagger',
  '@nestjs/terminus',
  '@nestjs/typeorm',
  '@zxcvbn-ts/language-common',
  'class-transformer',
  'class-validator',
  'commander',
  'csv-parse',
  'fastify',
  'find-my-way',
  'helmet',
  'ipaddr.js',
  'nodemailer',
  'passport',
  'passport-jwt',
  'passport-local',
  'pg',
  'pino',
  'pino-pretty',
  'piscina',
  'prom-client',
  'qr',
  'rate-limiter-flexible',
  'redis',
  'reflect-metadata',
  'rxjs',
  'secure-json-parse',
  'speakeasy',
  'stream-json',
  'typeorm',
  'validator',
];

export default defineConfig(
  globalIgnores(['build', 'dist', 'data', 'coverage', 'bench/node_modules']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    extends: [comments.recommended],
    rules: {
      '@eslint-community/eslint-comments/require-description': 'error',
      '@eslint-community/eslint-comments/disable-enable-pair': ['error', { allowWholeFile: true }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.{ts,cts}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // A Nest module is a class whose decorator is its content.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A response body is written as a literal; its DTO class is there for Swagger.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Spreading a string gives its code points, which is what lengths are counted in.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
    },
  },
  {
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.cts', '.js'],
      'import-x/resolver-next': [
        createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'], '.cjs': ['.cts', '.cjs'] } }),
      ],
    },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': [
        'error',
        {
          basePath: import.meta.dirname,
          zones: [
            ...folderZones,
            ...contractZones,
            {
              target: './src/**/!(*.spec).ts',
              from: './test/**',
              message: 'Only specs may use the test support.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['src/**/*.{ts,cts}'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^\\.{1,2}/(\\.\\./)*[^./][^/]*/(.*/)?[^/]+\\.entity\\.js$',
              allowTypeImports: true,
              message: 'Entities stay inside their folder; elsewhere import them as types.',
            },
          ],
          paths: [{ name: 'node:process', message: 'Settings come from src/platform/config.' }],
        },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file that declares it.' },
      ],
    },
  },
  {
    files: ['src/**/*.{ts,cts}'],
    ignores: ['src/platform/config/**', 'src/**/*.spec.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Settings come from src/platform/config.' },
      ],
    },
  },
  {
    files: ['src/**/*.{ts,cts}'],
    ignores: ['src/**/*.spec.ts', 'src/**/*.migration.ts'],
    rules: {
      'max-lines': ['error', 200],
      'max-lines-per-function': ['error', { max: 30, skipComments: true, skipBlankLines: true }],
      '@typescript-eslint/max-params': ['error', { max: 5 }],
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: false, whitelist: builtIn }],
    },
  },
  {
    files: [
      '**/{index,helper,helpers,util,utils,common,base,manager}.*',
      '**/*.{helper,util,base,manager}.*',
    ],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'Program', message: 'Name the file after what it holds.' },
      ],
    },
  },
);

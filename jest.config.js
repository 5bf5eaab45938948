/** Where no database has a part: tested once, beside SQLite. Parts of a file are `onSqlite`, for the same reason. */
const once = [
  'src/',
  'test/inventory/(imports|metrics|openapi|reasons)',
  'test/contracts/(browser-headers|cors|jwks|refusals|two-factor-oathtool)',
  'test/attacks/(connections|content-types|dear-hashes|hashing-queue|json-bodies|key-confusion|key-file)',
  'test/attacks/(request-lines|request-paths|request-smuggling|token-transport|two-factor-window)',
  'test/commands/keys',
  'test/faults/mail-tls',
];

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: process.env.TEST_DATABASE_URL ? once.map((path) => `<rootDir>/${path}`) : [],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', '^(\\.{1,2}/.*)\\.cjs$': ['$1.cts', '$1.cjs'] },
  transform: {
    '\\.cts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'commonjs' },
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      },
    ],
    '\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
      },
    ],
  },
  maxWorkers: 2,
  // ES modules are never given back: a worker that has run many files is replaced before it spends its time collecting garbage.
  workerIdleMemoryLimit: '800MB',
  // A run beside other work is slow, not wrong: what must be quick says so itself.
  testTimeout: 120_000,
};

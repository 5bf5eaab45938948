// Bundles what tsc has compiled into `dist`, packages and all: the program of a production install (docs/decisions/0011-bundle.md).
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

const NOTICES = 'dist/THIRD-PARTY-NOTICES';
/** Left where they are: what a package loads if it is there, and nothing here needs. */
const OPTIONAL = [
  '@fastify/multipart',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  '@node-rs/xxhash',
  'class-transformer/storage',
  'pg-native',
];
/** What Swagger UI's page asks for. */
const SWAGGER_UI = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-16x16.png',
  'favicon-32x32.png',
].map((file) => `node_modules/swagger-ui-dist/${file}`);

const json = (file) => JSON.parse(readFileSync(file, 'utf8'));
const { dependencies } = json('package.json');

/** Nothing has changed since: a server that runs from `dist` still loads parts of it. */
function isFresh() {
  const inputs = ['build/.tsbuildinfo', 'node_modules/.package-lock.json', 'bundle.js'];
  const timeOf = (file) => statSync(file).mtimeMs;
  return existsSync(NOTICES) && inputs.every((file) => timeOf(file) < timeOf(NOTICES));
}

/** Changes files of packages that look for something on the disk. */
const relocated = {
  name: 'relocated',
  setup({ onLoad }) {
    const change = (filter, from, to) =>
      onLoad({ filter }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        if (!text.includes(from)) throw new Error(`${path} has no ${from} any more`);
        return { contents: text.replaceAll(from, to) };
      });
    change(/\/piscina\/dist\/index\.js$/, "'worker.js'", "'piscina.worker.cjs'");
    change(/\/swagger-ui-dist\/absolute-path\.js$/, '__dirname', "__dirname, 'swagger-ui'");
    // Nest's packages have a `require` of their own making: what it is asked for, esbuild would leave out without a word.
    onLoad({ filter: /\/node_modules\/@nestjs\/.*\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace('const require = createRequire(import.meta.url);', ''),
    }));
  },
};

/** `await import()` of CommonJS gives the names that it gives in Node.js; esbuild by itself has `default` only. */
const namedExports = {
  name: 'named exports',
  setup({ onLoad, onResolve, resolve }) {
    const namespace = 'commonjs';
    onResolve({ filter: /./ }, async ({ path, kind, pluginData, ...place }) => {
      if (kind !== 'dynamic-import' || pluginData === namespace) return undefined;
      const { resolveDir, importer } = place;
      const found = await resolve(path, { kind, resolveDir, importer, pluginData: namespace });
      const isModule = /\.mjs$/.test(found.path) || found.external || found.errors.length > 0;
      return isModule || packageOf(found.path).type === 'module' ? found : { path: found.path, namespace };
    });
    onLoad({ filter: /./, namespace }, async ({ path }) => {
      const names = Object.keys(await import(pathToFileURL(path).href));
      const named = names.filter((name) => !['default', 'module.exports', '__esModule'].includes(name));
      return {
        contents: `const all = require(${JSON.stringify(path)}); export default all; export const { ${named.join()} } = all;`,
        resolveDir: dirname(path),
      };
    });
  },
};

/** The package that a file belongs to: what its package.json says, and its `folder`. */
function packageOf(file) {
  const folder = dirname(file);
  const description = join(folder, 'package.json');
  // Some folders have one that says no more than `type`.
  const found = existsSync(description) ? json(description) : {};
  if (found.version === undefined) return { ...packageOf(folder), ...found };
  return { ...found, folder };
}

async function bundle() {
  const { build } = await import('esbuild');
  const shared = {
    bundle: true,
    platform: 'node',
    target: 'node20',
    outdir: 'dist',
    external: [...Object.keys(dependencies), ...OPTIONAL],
    // Nest and TypeORM go by the names of classes.
    keepNames: true,
    // Not the identifiers: stack traces keep the names of functions, and with `--enable-source-maps` get the source's lines.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 140,
    sourcemap: 'linked',
    sourcesContent: false,
    plugins: [relocated, namedExports],
    metafile: true,
    write: false,
    logLevel: 'warning',
  };
  const built = await Promise.all([
    build({
      ...shared,
      entryPoints: ['build/main.js', 'build/cli.js'],
      format: 'esm',
      splitting: true,
      // What CommonJS has, and ES modules have not.
      banner: {
        js: [
          "import { createRequire as createRequireHere } from 'node:module';",
          'const require = createRequireHere(import.meta.url);',
          'const __dirname = import.meta.dirname;',
        ].join('\n'),
      },
    }),
    build({
      ...shared,
      entryPoints: [
        { in: 'build/passwords/hash.worker.cjs', out: 'hash.worker' },
        { in: 'node_modules/piscina/dist/worker.js', out: 'piscina.worker' },
      ],
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
    }),
  ]);
  return {
    outputs: built.flatMap(({ outputFiles }) => outputFiles),
    inputs: built.flatMap(({ metafile }) => Object.keys(metafile.inputs)),
  };
}

const NAMING = 'var __name=(target,value)=>';
/**
 * Names classes, and functions that lost theirs. An arrow function would be named each time one is made: several for each request, a fifth of its time.
 * Asking whether there is a prototype makes none; reading it would, for each function that Fastify makes for a request.
 */
function nameSparingly({ path, text }) {
  if (!/\.c?js$/.test(path) || !text.includes('__name=')) return text;
  if (!text.includes(NAMING)) throw new Error(`${path} names functions in another way`);
  return text.replace(NAMING, `${NAMING}!Object.hasOwn(target,"prototype")||target.name===value?target:`);
}

/** The licences of the packages that `files` come from. */
function noticesOf(files) {
  const packages = new Map();
  for (const file of files.filter(
    (name) => /(^|:)node_modules\//.test(name) || name.includes('/node_modules/'),
  )) {
    const found = packageOf(file.replace(/^\w+:/, ''));
    packages.set(`${found.name} ${found.version}`, found);
  }
  return [...packages]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, { licenses = [], license = licenses[0]?.type, folder }]) => {
      const named = (pattern) => readdirSync(folder).filter((name) => pattern.test(name));
      const files = named(/^(licen[cs]e|copying|notice)/i);
      const texts = files.length > 0 || license ? files : named(/^readme/i);
      if (!license && texts.length === 0) throw new Error(`${title} names no licence`);
      const text = texts.map((name) => readFileSync(join(folder, name), 'utf8').trim());
      return [`${title}, ${license ?? 'licence in its own words'}`, ...text].join('\n\n');
    });
}

if (!isFresh()) {
  const { outputs, inputs } = await bundle();
  mkdirSync('dist/swagger-ui', { recursive: true });
  for (const output of outputs) writeFileSync(output.path, nameSparingly(output));
  for (const file of SWAGGER_UI) cpSync(file, join('dist/swagger-ui', basename(file)));
  const kept = new Set(outputs.map(({ path }) => basename(path)));
  for (const name of readdirSync('dist'))
    if (name !== 'swagger-ui' && !kept.has(name)) rmSync(join('dist', name), { recursive: true });
  const rule = `\n\n${'-'.repeat(100)}\n\n`;
  writeFileSync(
    NOTICES,
    `The files beside this one contain these packages:${rule}${noticesOf([...inputs, ...SWAGGER_UI]).join(rule)}\n`,
  );
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { gatehouse } from '../commands/gatehouse.js';
import { PASSWORD, startApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { login } from '../support/http.js';
import { eventually, headerOf, keyFileOf, rotate, STORED } from '../support/keys.js';
import { startProcess } from '../support/process.js';
import { guarded } from '../support/tokens.js';

const ring = new URL('../../build/sessions/key-ring.js', import.meta.url).href;
const settings = new URL('../../build/platform/config/config.module.js', import.meta.url).href;

/** The file of the stored keys: many writers, killed writers, and what else can become of a file. */
describe('signing-keys.json', () => {
  let database: TestDatabase;
  let file: string;

  beforeEach(async () => {
    database = await createDatabase();
    file = join(database.dataDir, 'signing-keys.json');
  });
  afterEach(() => database.drop());

  /** A process with the functions and settings of the keys at hand, that says so and then waits for a line to go on. */
  function program(body: string, env: Record<string, string> = {}) {
    const script = `
      import { writeSync } from 'node:fs';
      const { prepareKeys, rotateKeys, loadKeys } = await import(${JSON.stringify(ring)});
      const config = (await import(${JSON.stringify(settings)})).loadConfig();
      const file = config.signingKeysFile;
      process.stdout.write('ready\\n');
      process.stdin.once('data', () => { process.stdin.destroy(); ${body} });`;
    const { PATH } = process.env;
    return spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: database.dataDir,
      env: { PATH, NODE_ENV: 'test', DATA_DIR: database.dataDir, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }

  /** Runs `body` in `count` processes at the same moment; what each of them printed. */
  async function together(count: number, body: string, env: Record<string, string> = {}): Promise<string[]> {
    const children = Array.from({ length: count }, () => program(body, env));
    await Promise.all(children.map(({ stdout }) => once(stdout, 'data')));
    for (const { stdin } of children) stdin.write('go\n');
    return Promise.all(children.map(({ stdout }) => text(stdout)));
  }

  const storedKids = async (env: Record<string, string> = {}) => {
    const { stdout } = await gatehouse(database, ['keys', 'list', '--json'], { env });
    return (JSON.parse(stdout) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  };

  it('holds every key of processes that rotate at once', async () => {
    const body =
      'for (let i = 0; i < 5; i += 1) console.log(rotateKeys(file, config, Date.now(), false).kid);';
    const printed = await together(4, body);
    const added = printed.flatMap((lines) => lines.trim().split('\n'));
    expect(new Set(added).size).toBe(20);
    expect(await storedKids()).toEqual(expect.arrayContaining(added));
    expect(readdirSync(database.dataDir).filter((name) => name.startsWith('signing'))).toEqual([
      'signing-keys.json',
      'signing-keys.json.lock',
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('holds one first key, and one of another algorithm, of servers that start at once', async () => {
    const body =
      'prepareKeys(file, config, Date.now()); console.log(loadKeys(config).map(({ kid }) => kid).join());';
    const first = await together(4, body, { JWT_ALGORITHM: 'ES256' });
    expect(new Set(first).size).toBe(1);
    expect(first[0]?.trim().split(',')).toHaveLength(1);
    const second = await together(4, body, { JWT_ALGORITHM: 'HS256' });
    expect(new Set(second).size).toBe(1);
    expect(second[0]?.trim().split(',')).toHaveLength(2);
  });

  it('holds both keys of two command lines at once', async () => {
    const outcomes = await Promise.all([1, 2].map(() => gatehouse(database, ['keys', 'rotate', '--json'])));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    const added = outcomes.map(({ stdout }) => (JSON.parse(stdout) as { kid: string }).kid);
    expect(await storedKids()).toEqual(expect.arrayContaining(added));
  });

  it('survives processes that are killed while they rotate, and keeps nobody waiting', async () => {
    let acknowledged: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const child = program(
        'for (;;) writeSync(1, `${rotateKeys(file, config, Date.now(), false).kid}\\n`);',
      );
      let printed = '';
      child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
      await once(child.stdout, 'data');
      child.stdin.write('go\n');
      await eventually(() => printed.split('\n').length > 4 + round);
      child.kill('SIGKILL');
      await once(child, 'close');
      acknowledged = [...acknowledged, ...printed.split('\n').slice(1, -1)];
      const { code, stdout } = await gatehouse(database, ['keys', 'rotate', '--json']);
      expect(code).toBe(0);
      acknowledged.push((JSON.parse(stdout) as { kid: string }).kid);
    }
    expect(await storedKids()).toEqual(expect.arrayContaining(acknowledged));
  });

  it.each<[string, () => void]>([
    ['is blank', () => writeFileSync(file, '')],
    ['is half written', () => writeFileSync(file, '{"keys":[{"algorithm":"HS256","material":"kP3v')],
    ['cannot be read', () => mkdirSync(file)],
  ])('stops a start in one line where it %s', async (_, spoil) => {
    spoil();
    const line =
      /^DATA_DIR: the file \S+signing-keys\.json must hold signing keys [^\n]*docs\/signing-keys\.md[^\n]*\n$/;
    const failure = await startProcess(database, STORED).then(
      (server) => server.end().then(() => 'started'),
      (error: unknown) => (error as Error).message,
    );
    expect(failure).toMatch(/^the server ended \(1\)/);
    const said = failure.split('\n').filter((each) => !each.startsWith('{'));
    expect(`${said.slice(1).join('\n').trim()}\n`).toMatch(line);
    for (const command of ['list', 'rotate']) {
      const { code, stdout, stderr } = await gatehouse(database, ['keys', command]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(line);
    }
  });

  it('says in one line that it cannot be written', async () => {
    mkdirSync(`${file}.lock`);
    const { code, stderr } = await gatehouse(database, ['keys', 'rotate']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^DATA_DIR: the file \S+ could not be written \(SQLITE_CANTOPEN\w*\)\n$/);
  });

  it('spoiled or gone under a server that runs, leaves it the keys that it has', async () => {
    const t = await startApp({ database, env: STORED });
    try {
      const { email } = await t.createUser();
      await rotate(t, true);
      t.clock.advance(5);
      const token = await login(t.url, email, PASSWORD);
      const complaints = () =>
        t.logs.filter(({ level, msg }) => level === 50 && String(msg).startsWith('signing keys not read'));
      const expectKeys = async () => {
        expect(await guarded(t.url, token)).toBe(200);
        expect(headerOf(await login(t.url, email, PASSWORD))).toEqual(headerOf(token));
      };

      const good = readFileSync(file, 'utf8');
      writeFileSync(file, good.slice(0, 100));
      await eventually(() => complaints().length === 1);
      await expectKeys();
      writeFileSync(file, good);
      renameSync(file, `${file}.away`);
      await eventually(() => complaints().length === 2);
      await expectKeys();
      mkdirSync(file);
      await eventually(() => complaints().length === 3);
      await expectKeys();
      expect(JSON.stringify(complaints())).not.toContain(
        (JSON.parse(good) as { keys: { material: string }[] }).keys[1]?.material.slice(0, 12),
      );

      rmSync(file, { recursive: true });
      renameSync(`${file}.away`, keyFileOf(t));
      await rotate(t);
      expect(complaints()).toHaveLength(3);
    } finally {
      await t.close();
    }
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseConfig, type Config } from '../platform/config/config.schema.js';
import { resolveSecrets } from '../platform/config/secret.service.js';
import { loadKeys, prepareKeys, rotateKeys, signingKey } from './key-ring.js';

const START = Date.parse('2026-11-21T12:00:00Z');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('the keys of a data directory', () => {
  let folder: string;
  let config: Config;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    configure();
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function configure(env: Record<string, string> = {}): void {
    config = resolveSecrets(parseConfig({ DATA_DIR: folder, ...env }));
    file = join(folder, 'signing-keys.json');
  }
  const rotate = (now: number, inHaste = false) => rotateKeys(file, config, now, inHaste).kid;
  const signingAt = (now: number) => signingKey(loadKeys(config), now)?.kid;
  const retiresAt = (kid?: string) => loadKeys(config).find((key) => key.kid === kid)?.retiresAt;
  const kids = () => loadKeys(config).map(({ kid }) => kid);

  it('begin with the secret of the first start, which needs no file', () => {
    prepareKeys(file, config, START);
    expect(loadKeys(config)).toEqual([expect.objectContaining({ algorithm: 'HS256', retiresAt: Infinity })]);
    expect(() => readFileSync(file)).toThrow('ENOENT');
  });

  it('sign in the order of their times, not of their rotation', () => {
    const first = signingAt(START);
    const slow = rotate(START);
    const hasty = rotate(START + MINUTE, true);
    const takesOver = START + MINUTE + 5_000;
    expect(signingAt(takesOver - 1)).toBe(first);
    expect(signingAt(takesOver)).toBe(hasty);
    expect(signingAt(START + 11 * MINUTE)).toBe(slow);
    expect(retiresAt(first)).toBe(takesOver + 60 * MINUTE);
    expect(retiresAt(hasty)).toBe(START + 71 * MINUTE);
    expect(retiresAt(slow)).toBe(Infinity);
  });

  it('sign by the first of them where the clock was set back before all', () => {
    configure({ JWT_ALGORITHM: 'ES256' });
    prepareKeys(file, config, START);
    const [first] = kids();
    rotate(START + MINUTE);
    expect(signingAt(START - DAY)).toBe(first);
  });

  it('are kept for as long as any setting could let their tokens live', () => {
    configure({ ACCESS_TOKEN_TTL_SECONDS: '60' });
    const first = signingAt(START);
    rotate(START, true);
    rotate(START + DAY, true);
    expect(kids()).toContain(first);
    rotate(START + DAY + 5_001, true);
    expect(kids()).not.toContain(first);
    expect(kids()).toHaveLength(3);
  });

  it('change with the algorithm: the new one’s key signs soon, what verified goes on', () => {
    const first = signingAt(START);
    const never = rotate(START);
    configure({ JWT_ALGORITHM: 'ES256' });
    prepareKeys(file, config, START + MINUTE);
    prepareKeys(file, config, START + MINUTE);
    expect(loadKeys(config).map(({ algorithm }) => algorithm)).toEqual(['HS256', 'ES256']);
    expect(kids()).not.toContain(never);
    expect(signingAt(START + MINUTE)).toBe(first);
    expect(signingAt(START + MINUTE + 5_000)).toBe(kids()[1]);

    // Back before it ever signed: as if nothing had been.
    configure();
    prepareKeys(file, config, START + MINUTE + 1_000);
    expect(kids()).toEqual([first]);
    expect(retiresAt(first)).toBe(Infinity);
  });

  it('are not rotated to an algorithm that the server was not started with', () => {
    rotate(START);
    const before = readFileSync(file, 'utf8');
    configure({ JWT_ALGORITHM: 'ES256' });
    expect(() => rotate(START)).toThrow(/^JWT_ALGORITHM: must be HS256, .*restart/);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('verify beside those of the environment; each counts once, a stored one by its own time', () => {
    const old = readFileSync(join(folder, 'jwt-secret'), 'utf8');
    const other = 'uY1oIw0eXrQ-NbVmCkLzJhGfDsApSdKq';
    const first = signingAt(START);
    rotate(START, true);
    configure({ JWT_PREVIOUS_SECRETS: `${other},${old}` });
    expect(kids()).toHaveLength(3);
    expect(retiresAt(first)).toBe(START + 5_000 + 60 * MINUTE);
    expect(loadKeys(config)[0]).toMatchObject({ signWith: undefined, retiresAt: Infinity });
  });

  const secret = 'kP3vR8xLq2ZtW7nB5yHc9MdF4sJg6TaE';
  const signs_from = '2026-11-21T12:00:00.000Z';
  const pem = '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n';
  it.each<[string, unknown]>([
    ['nothing', ''],
    ['half a file', '{"keys": [{"algorithm": "HS256", "material": "kP3vR8xLq2Zt'],
    ['a byte order mark', `\ufeff{"keys":[]}`],
    ['null', null],
    ['a list', []],
    ['no keys', { keys: [] }],
    ['keys that are no list', { keys: { 0: {} } }],
    ['a key that is null', { keys: [null] }],
    ['no algorithm', { keys: [{ material: secret, signs_from }] }],
    ['another algorithm', { keys: [{ algorithm: 'none', material: secret, signs_from }] }],
    ['an empty secret', { keys: [{ algorithm: 'HS256', material: '', signs_from }] }],
    ['a short secret', { keys: [{ algorithm: 'HS256', material: secret.slice(1), signs_from }] }],
    ['a secret that is a list', { keys: [{ algorithm: 'HS256', material: [secret], signs_from }] }],
    ['a public key', { keys: [{ algorithm: 'ES256', material: pem, signs_from }] }],
    ['a key of ES256 for HS256', { keys: [{ algorithm: 'HS256', material: pem.trim(), signs_from }] }],
    ['a secret for ES256', { keys: [{ algorithm: 'ES256', material: secret, signs_from }] }],
    ['no time', { keys: [{ algorithm: 'HS256', material: secret }] }],
    ['no such time', { keys: [{ algorithm: 'HS256', material: secret, signs_from: 'soon' }] }],
  ])('are refused in one line, and left as they are, where the file holds %s', (_, content) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(file, text);
    for (const use of [() => loadKeys(config), () => rotate(START), () => prepareKeys(file, config, START)]) {
      expect(use).toThrow(/^DATA_DIR: the file \S+signing-keys.json must hold signing keys .*$/);
      expect(use).not.toThrow('kP3vR8xLq2Zt');
    }
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});

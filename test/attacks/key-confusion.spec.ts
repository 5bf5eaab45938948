import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SigningKeysService } from '../../src/sessions/signing-keys.service.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { login } from '../support/http.js';
import { headerOf, isHigh, keyFileOf, rotate, signed, STORED, twin } from '../support/keys.js';
import { claimsOf, guarded, refresh, refreshed } from '../support/tokens.js';

const EMAIL = 'ada@example.com';
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** One key, one algorithm (RFC 8725 §3.1): with keys of both at hand, no token passes by the key of another. */
describe('tokens of a server that has an HS256 key and an ES256 key', () => {
  let database: TestDatabase;
  let t: TestApp;
  let secret: string;
  let privateKey: KeyObject;
  let publicKey: KeyObject;
  // One token of each key, both good.
  let hmac: string;
  let ecdsa: string;

  beforeAll(async () => {
    database = await createDatabase();
    t = await startApp({ database, env: STORED });
    await t.createUser(EMAIL);
    hmac = await login(t.url, EMAIL, PASSWORD);
    await t.close();
    t = await startApp({ database, env: { ...STORED, JWT_ALGORITHM: 'ES256' }, clock: t.clock });
    t.clock.advance(5);
    ecdsa = await login(t.url, EMAIL, PASSWORD);
    const { keys } = JSON.parse(readFileSync(keyFileOf(t), 'utf8')) as { keys: { material: string }[] };
    [secret = ''] = keys.map(({ material }) => material);
    privateKey = createPrivateKey(keys[1]?.material ?? '');
    publicKey = createPublicKey(privateKey);
  });
  afterAll(async () => {
    expect(t.logs.filter(({ status }) => Number(status) >= 500)).toEqual([]);
    await t.close();
    await database.drop();
  });

  async function expectRefused(token: string): Promise<void> {
    expect(await guarded(t.url, token)).toBe(401);
    expect((await refresh(t.url, token)).status).toBe(401);
  }

  it('are accepted as they are issued, and as they are forged below where nothing is wrong', async () => {
    expect(readFileSync(join(database.dataDir, 'jwt-secret'), 'utf8')).toBe(secret);
    expect([headerOf(hmac)['alg'], headerOf(ecdsa)['alg']]).toEqual(['HS256', 'ES256']);
    const again = signed(headerOf(ecdsa), { ...claimsOf(ecdsa), jti: 'x' }, privateKey);
    for (const token of [hmac, ecdsa, signed(headerOf(hmac), claimsOf(hmac), secret), again]) {
      expect(await guarded(t.url, token)).toBe(200);
    }
  });

  /** Everything that the public key can be written as. */
  const spellings: [string, () => string | Buffer][] = [
    ['PEM', () => publicKey.export({ type: 'spki', format: 'pem' })],
    [
      'PEM without its last line end',
      () => publicKey.export({ type: 'spki', format: 'pem' }).toString().trim(),
    ],
    [
      'PEM with CRLF',
      () => publicKey.export({ type: 'spki', format: 'pem' }).toString().replaceAll('\n', '\r\n'),
    ],
    ['DER', () => publicKey.export({ type: 'spki', format: 'der' })],
    ['the point', () => publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)],
    ['JWK', () => JSON.stringify(publicKey.export({ format: 'jwk' }))],
    ['JWK as it is published', () => JSON.stringify(publishedKey())],
    ['its kid', () => String(headerOf(ecdsa)['kid'])],
  ];
  const publishedKey = () => t.app.get(SigningKeysService).publicKeys()[0];

  it.each(spellings)('are refused where the public key is the secret (%s)', async (_, spelling) => {
    const key = createSecretKey(Buffer.from(spelling()));
    const [ofHmac, ofEcdsa] = [headerOf(hmac), headerOf(ecdsa)];
    for (const header of [{ ...ofEcdsa, alg: 'HS256' }, ofEcdsa, ofHmac, { alg: 'HS256', typ: 'JWT' }]) {
      await expectRefused(signed(header, claimsOf(ecdsa), key));
    }
  });

  it.each<[string, () => string]>([
    [
      'kid of the secret, alg ES256, by our private key',
      () => mixed({ kid: headerOf(hmac)['kid'] }, privateKey),
    ],
    ['kid of the private key, alg HS256, by our secret', () => mixed({ alg: 'HS256' }, secret)],
    ['header of the private key, by our secret', () => mixed({}, secret)],
    ['header of the secret, by our private key', () => mixed(headerOf(hmac), privateKey)],
    ['no kid, by our private key', () => mixed({ kid: undefined }, privateKey)],
    ['alg ES384', () => mixed({ alg: 'ES384' }, privateKey)],
    ['alg ES256K', () => mixed({ alg: 'ES256K' }, privateKey)],
    ['alg es256', () => mixed({ alg: 'es256' }, privateKey)],
    ['alg none', () => mixed({ alg: 'none' }, privateKey)],
    ["a stranger's key under our kid", () => mixed({}, stranger.privateKey)],
    [
      "a stranger's key in the header",
      () => mixed({ jwk: stranger.publicKey.export({ format: 'jwk' }) }, stranger.privateKey),
    ],
    ['our public key in the header', () => mixed({ jwk: publicKey.export({ format: 'jwk' }) }, privateKey)],
  ])('are refused with %s', async (_, forge) => {
    await expectRefused(forge());
  });
  const mixed = (header: object, key: KeyObject | string) =>
    signed({ ...headerOf(ecdsa), ...header }, claimsOf(ecdsa), key);

  it.each<[string, (signature: Buffer) => string]>([
    ['its twin (r, n − s)', (bytes) => twin(bytes).toString('base64url')],
    ['DER', () => sign('sha256', Buffer.from(unsigned()), privateKey).toString('base64url')],
    ['bits of padding', () => respelled()],
    ['an equals sign', (bytes) => `${bytes.toString('base64url')}==`],
    ['a byte more', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url')],
    ['a byte less', (bytes) => bytes.subarray(1).toString('base64url')],
    ['a zero before each half', (bytes) => halves(bytes, (half) => Buffer.concat([Buffer.alloc(1), half]))],
    [
      'the halves exchanged',
      (bytes) => Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)]).toString('base64url'),
    ],
    ['r = s = 0', () => Buffer.alloc(64).toString('base64url')],
    ['r = s = n', (bytes) => halves(bytes, () => ORDER)],
    ['s = 0', (bytes) => Buffer.concat([bytes.subarray(0, 32), Buffer.alloc(32)]).toString('base64url')],
    ['all ones', () => Buffer.alloc(64, 0xff).toString('base64url')],
    ['nothing', () => ''],
  ])('are refused with a signature of %s', async (_, change) => {
    const bytes = Buffer.from(ecdsa.split('.')[2] ?? '', 'base64url');
    expect(await guarded(t.url, ecdsa)).toBe(200);
    await expectRefused(`${unsigned()}.${change(bytes)}`);
  });
  const unsigned = () => ecdsa.slice(0, ecdsa.lastIndexOf('.'));
  const halves = (bytes: Buffer, change: (half: Buffer) => Buffer) =>
    Buffer.concat([bytes.subarray(0, 32), bytes.subarray(32)].map(change)).toString('base64url');
  /** Of the last character two bits are data: the one after it means the same bytes. */
  const respelled = () => {
    const [start, last = ''] = [ecdsa.slice(ecdsa.lastIndexOf('.') + 1, -1), ecdsa.at(-1)];
    return start + String.fromCharCode(last.charCodeAt(0) + 1);
  };

  it('are all written with the lower s, though with the other they would verify', async () => {
    const other = twin(Buffer.from(ecdsa.split('.')[2] ?? '', 'base64url'));
    expect(
      verify('sha256', Buffer.from(unsigned()), { key: publicKey, dsaEncoding: 'ieee-p1363' }, other),
    ).toBe(true);
    let token = await login(t.url, EMAIL, PASSWORD);
    for (let i = 0; i < 30; i += 1) {
      expect(isHigh(Buffer.from(token.split('.')[2] ?? '', 'base64url'))).toBe(false);
      token = await refreshed(t.url, token);
    }
  });

  it('are refused where the key of their kid has retired, whatever they say of their time', async () => {
    const claims = { ...claimsOf(ecdsa), exp: 9_999_999_999 };
    const [old, forged] = [
      signed(headerOf(hmac), claims, secret),
      signed(headerOf(ecdsa), claims, privateKey),
    ];
    expect([await guarded(t.url, old), await guarded(t.url, forged)]).toEqual([200, 200]);
    t.clock.advance(3_600);
    await expectRefused(old);
    expect(await guarded(t.url, forged)).toBe(200);
    await rotate(t, true);
    t.clock.advance(3_600 + 5);
    await expectRefused(forged);
    // Nor under the kid of the key that signs now.
    const { kid } = headerOf(await login(t.url, EMAIL, PASSWORD));
    await expectRefused(signed({ ...headerOf(ecdsa), kid }, claims, privateKey));
  });
});

const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');

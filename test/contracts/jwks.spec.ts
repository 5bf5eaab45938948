import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  createRemoteJWKSet,
  jwtVerify,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import { tokenName } from '../../src/platform/config/rule.schema.js';
import { PUBLISHED_BEFORE_SIGNING_SECONDS } from '../../src/sessions/key-ring.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { login, post, send, type Answer } from '../support/http.js';
import { headerOf, rotate, STORED } from '../support/keys.js';
import { claimsOf, guarded, refreshed } from '../support/tokens.js';

const PATH = '/.well-known/jwks.json';
const EMAIL = 'ada@example.com';
const keysOf = ({ body }: Answer) => (body as JSONWebKeySet).keys;
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemOf = (key: ReturnType<typeof pair>['privateKey'], type: 'pkcs8' | 'spki') =>
  key.export({ type, format: 'pem' } as { type: 'pkcs8'; format: 'pem' }).toString();

describe(`GET ${PATH}`, () => {
  let database: TestDatabase;
  let t: TestApp;

  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(async () => {
    await t.close();
    await database.drop();
  });

  const start = async (env: Record<string, string | undefined>) => {
    t = await startApp({ database, env });
    await t.createUser(EMAIL);
  };

  it('is an empty set under HS256, also after a rotation', async () => {
    await start(STORED);
    await rotate(t);
    const answer = await send(t.url + PATH);
    expect(answer).toMatchObject({ status: 200, body: { keys: [] } });
  });

  it('is public, may be kept for ten minutes, and holds public members only', async () => {
    await start({ ...STORED, JWT_ALGORITHM: 'ES256' });
    await rotate(t);
    const answer = await send(t.url + PATH);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json\b/);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=600');
    const keys = keysOf(answer);
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
      expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
      // RFC 7638, by somebody else's reading of it.
      expect(key.kid).toBe(await calculateJwkThumbprint(key, 'sha256'));
      expect(createPublicKey({ key: { ...key }, format: 'jwk' }).type).toBe('public');
    }
    expect(headerOf(await login(t.url, EMAIL, PASSWORD))).toEqual({
      alg: 'ES256',
      typ: 'JWT',
      kid: keys[0]?.kid,
    });
  });

  it('shows what the environment gives: the key that signs, those before it and the next', async () => {
    const [current, next] = [pair(), pair()];
    const env = {
      JWT_ALGORITHM: 'ES256',
      JWT_PRIVATE_KEY: pemOf(current.privateKey, 'pkcs8').replaceAll('\n', '\\n'),
      JWT_VERIFICATION_KEYS: pemOf(next.publicKey, 'spki') + pemOf(current.publicKey, 'spki'),
    };
    await start(env);
    const thumbprints = [next, current].map(({ publicKey }) =>
      calculateJwkThumbprint(publicKey.export({ format: 'jwk' }) as JSONWebKeySet['keys'][0]),
    );
    expect(keysOf(await send(t.url + PATH)).map(({ kid }) => kid)).toEqual(await Promise.all(thumbprints));
    const token = await login(t.url, EMAIL, PASSWORD);
    expect(headerOf(token)['kid']).toBe(await thumbprints[1]);

    // The next signs, on the same data: nobody who is signed in notices.
    await t.close();
    t = await startApp({
      database,
      clock: t.clock,
      env: { ...env, JWT_PRIVATE_KEY: pemOf(next.privateKey, 'pkcs8') },
    });
    expect(headerOf(await login(t.url, EMAIL, PASSWORD))['kid']).toBe(await thumbprints[0]);
    expect(await guarded(t.url, token)).toBe(200);
  });

  it('lets another library verify every token, without an error, through a rotation and the retirement', async () => {
    await start({ ...STORED, JWT_ALGORITHM: 'ES256', SESSION_TTL_SECONDS: '86400' });
    const options = () => ({
      algorithms: ['ES256'],
      issuer: 'gatehouse',
      audience: 'gatehouse',
      currentDate: new Date(t.clock.now()),
    });
    const remote = createRemoteJWKSet(new URL(t.url + PATH), { cooldownDuration: 0 });
    const strict = cached(t);
    let token = await login(t.url, EMAIL, PASSWORD);
    const verify = async (each: string) => {
      for (const keySet of [remote, strict]) await jwtVerify(each, keySet, options());
    };
    await verify(token);
    // Right after the stricter of the two has filled its cache.
    const { kid } = await rotate(t);
    const signers = new Set<unknown>();
    let counted = 0;
    // The last token of the former key, good until it expires.
    let last = token;
    for (let passed = 0; passed < PUBLISHED_BEFORE_SIGNING_SECONDS + 3_700; passed += 20) {
      t.clock.advance(20);
      const before = token;
      token = await refreshed(t.url, before);
      if (headerOf(token)['kid'] !== kid) last = token;
      const isGood = Number(claimsOf(last)['exp']) * 1000 > t.clock.now();
      for (const each of [before, token, ...(isGood ? [last] : [])]) await verify(each);
      signers.add(headerOf(token)['kid']);
      counted += 1;
    }
    expect(counted).toBeGreaterThan(200);
    expect([...signers].at(-1)).toBe(kid);
    expect(signers.size).toBe(2);
    expect(keysOf(await send(t.url + PATH)).map((key) => key.kid)).toEqual([kid]);
  });

  it('belongs to tokens that stay under 1 KB at their worst', async () => {
    const label = 'a'.repeat(61);
    const longest = `${'a'.repeat(64)}@${label}.${label}.${label}.com`;
    const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i));
    const allowed = visible.filter((character) => tokenName.parse(character) !== undefined);
    const [dearest = ''] = allowed.sort((a, b) => JSON.stringify(b).length - JSON.stringify(a).length);
    const name = dearest.repeat(64);
    const role = 'r'.repeat(32);
    await start({
      ...STORED,
      JWT_ALGORITHM: 'ES256',
      JWT_ISSUER: name,
      JWT_AUDIENCE: name,
      ROLES: `client,${role}`,
    });
    await t.createUser(longest, role);
    expect(longest).toHaveLength(254);
    const { body } = await post(`${t.url}/api/users/auth`, { email: longest, password: PASSWORD });
    for (const token of [await login(t.url, longest, PASSWORD), (body as { token: string }).token]) {
      expect(await guarded(t.url, token)).toBe(200);
      expect(token.length).toBeLessThan(1_024);
    }
  });
});

/** A verifier that takes the answer's `max-age` at its word and, in between, never asks again: not for an unknown key either. */
function cached({ url, clock }: TestApp): JWTVerifyGetKey {
  let keySet: JWTVerifyGetKey | undefined;
  let freshUntil = 0;
  return async (...token) => {
    if (!keySet || clock.now() >= freshUntil) {
      const answer = await send(url + PATH);
      const age = /max-age=(\d+)/.exec(answer.headers.get('cache-control') ?? '')?.[1];
      freshUntil = clock.now() + Number(age) * 1000;
      keySet = createLocalJWKSet(answer.body as JSONWebKeySet);
    }
    return keySet(...token);
  };
}

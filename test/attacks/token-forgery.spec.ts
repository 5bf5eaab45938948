import { createServer, type AddressInfo } from 'node:net';
import { generateKeyPairSync, sign as signWith } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { forge, segment, take, type Taken } from '../support/forgery.js';
import { login } from '../support/http.js';
import { expectNoServerErrors, expectTokenAccepted, expectTokenRefused } from '../support/refusal.js';
import { open } from '../support/socket.js';

let app: TestApp;
let taken: Taken;
let secret: string;
let visitors = 0;
let theirs: string;
// Where a forged header would have us fetch a key.
const keyServer = createServer((socket) => {
  visitors += 1;
  socket.destroy();
});
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const theirKey = publicKey.export({ format: 'jwk' });

beforeAll(async () => {
  app = await startApp();
  secret = app.config.jwtSecret ?? '';
  await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
  theirs = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}`;
  const { email } = await app.createUser();
  taken = take(await login(app.url, email, PASSWORD));
  // What was verified once is remembered: near misses of a remembered token are tried as well.
  await expectTokenAccepted(app.url, taken.token);
});
afterAll(async () => {
  await app.close();
  keyServer.close();
  expectNoServerErrors(app);
});

/** The token with another header, signed with the right secret: the header alone is at fault. */
const withHeader = (header: unknown) => forge(segment(header), taken.segments[1], secret);
const changed = (change: object) => withHeader({ ...taken.header, ...change });
const without = (name: string) =>
  withHeader(Object.fromEntries(Object.entries(taken.header).filter(([key]) => key !== name)));
/** The token with other segments: [header, payload, signature]. */
const withSegments = (change: (segments: Taken['segments']) => string[]) => change(taken.segments).join('.');
const next = (character: string) => String.fromCharCode(character.charCodeAt(0) + 1);

describe('a token made by hand', () => {
  it('is accepted in our exact form, or the refusals below would mean nothing', async () => {
    const [header, payload] = taken.segments;
    expect(segment(taken.header)).toBe(header);
    expect(forge(header, payload, secret)).toBe(taken.token);
    await expectTokenAccepted(app.url, forge(header, segment({ ...taken.claims, scope: 'another' }), secret));
  });

  it.each<[string, () => string]>([
    ...['none', 'None', 'NONE', 'nOnE', ' none', 'none\0', ''].flatMap((alg): [string, () => string][] => [
      [
        `alg ${JSON.stringify(alg)}, unsigned`,
        () => `${segment({ ...taken.header, alg })}.${taken.segments[1]}.`,
      ],
      [`alg ${JSON.stringify(alg)}, signed`, () => changed({ alg })],
    ]),
    ['no alg', () => without('alg')],
    ...[null, 0, true, ['HS256'], { 0: 'HS256' }, 'hs256', 'HS256 ', 'HMACSHA256'].map(
      (alg): [string, () => string] => [`alg ${JSON.stringify(alg)}`, () => changed({ alg })],
    ),
    [
      'alg HS384',
      () => forge(segment({ ...taken.header, alg: 'HS384' }), taken.segments[1], secret, 'sha384'),
    ],
    [
      'alg HS512',
      () => forge(segment({ ...taken.header, alg: 'HS512' }), taken.segments[1], secret, 'sha512'),
    ],
    ['alg HS256 over SHA-512', () => forge(taken.segments[0], taken.segments[1], secret, 'sha512')],
    [
      "alg RS256 with an attacker's key",
      () => {
        const signed = `${segment({ ...taken.header, alg: 'RS256', jwk: theirKey })}.${taken.segments[1]}`;
        return `${signed}.${signWith('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
      },
    ],
    ['no kid', () => without('kid')],
    ...[
      'x',
      '',
      '../../../../dev/null',
      '/etc/passwd',
      "' UNION SELECT 'k' --",
      'http://127.0.0.1/k',
      '\0',
      '__proto__',
    ].map((kid): [string, () => string] => [`kid ${JSON.stringify(kid)}`, () => changed({ kid })]),
    ['kid an array', () => changed({ kid: [taken.header['kid']] })],
    ['kid an object', () => changed({ kid: { toString: taken.header['kid'] } })],
    ['kid of 1 kB', () => changed({ kid: 'k'.repeat(1_000) })],
    ['kid of 10 kB', () => changed({ kid: 'k'.repeat(10_000) })],
    ['no typ', () => without('typ')],
    ...['jwt', 'at+jwt', 'JWS', 'dpop+jwt', null].map((typ): [string, () => string] => [
      `typ ${JSON.stringify(typ)}`,
      () => changed({ typ }),
    ]),
    ['cty JWT', () => changed({ cty: 'JWT' })],
    ...['jku', 'x5u'].flatMap((name): [string, () => string][] => [
      [`${name} of an attacker`, () => changed({ [name]: `${theirs}/keys.json` })],
      [
        `${name} of an attacker, signed with their key`,
        () => forge(segment({ ...taken.header, [name]: `${theirs}/k` }), taken.segments[1], 'theirs'),
      ],
    ]),
    ['jwk', () => changed({ jwk: { kty: 'oct', k: segment('theirs') } })],
    [
      'jwk, signed with it',
      () => {
        const header = segment({ ...taken.header, jwk: { kty: 'oct', k: segment('theirs') } });
        return forge(header, taken.segments[1], 'theirs');
      },
    ],
    ['x5c', () => changed({ x5c: ['MIIB'] })],
    ...[['exp'], [], 'exp', ['b64'], null].map((crit): [string, () => string] => [
      `crit ${JSON.stringify(crit)}`,
      () => changed({ crit, exp: 1 }),
    ]),
    ['b64 false', () => changed({ b64: false, crit: ['b64'] })],
    ['zip', () => changed({ zip: 'DEF' })],
    [
      'the members in another order',
      () => withHeader(Object.fromEntries(Object.entries(taken.header).reverse())),
    ],
    ['a space in the header', () => withHeader(JSON.stringify(taken.header).replace(',', ', '))],
    ['a member twice', () => withHeader(JSON.stringify(taken.header).replace('{', '{"alg":"none",'))],
    ...['null', '[]', '"HS256"', '1', '{', '', '{}', '\ufeff{}'].map((header): [string, () => string] => [
      `a header of ${JSON.stringify(header)}`,
      () => withHeader(header),
    ]),
  ])('is refused with %s', async (_, token) => {
    await expectTokenRefused(app.url, token());
  });

  it.each<[string, () => string]>([
    ['another secret', () => forge(taken.segments[0], taken.segments[1], 'another secret of 32 characters!')],
    ['no secret', () => forge(taken.segments[0], taken.segments[1], '')],
    [
      'our kid as the secret',
      () => forge(taken.segments[0], taken.segments[1], taken.header['kid'] as string),
    ],
    ['the secret without its end', () => forge(taken.segments[0], taken.segments[1], secret.slice(0, -1))],
    ['no signature', () => withSegments(([h, p]) => [h, p, ''])],
    ['no signature and no dot', () => withSegments(([h, p]) => [h, p])],
    ['no payload', () => withSegments(([h, , s]) => [h, '', s])],
    ['no header', () => withSegments(([, p, s]) => ['', p, s])],
    ['four segments', () => withSegments(([h, p, s]) => [h, p, s, s])],
    ['an empty fourth segment', () => `${taken.token}.`],
    ['five segments, as JWE has', () => withSegments(([h, p, s]) => [h, 'key', 'iv', p, s])],
    ['dots alone', () => '..'],
    ['a leading dot', () => `.${taken.token}`],
    ['padding', () => `${taken.token}=`],
    ['padding in the payload', () => forge(taken.segments[0], `${taken.segments[1]}=`, secret)],
    ['the other base64 alphabet', () => withSegments(([h, p, s]) => [h, p, `+/${s.slice(2)}`])],
    ['another spelling of the same bytes', () => `${taken.token.slice(0, -1)}${next(taken.token.slice(-1))}`],
    [
      'another spelling of the payload',
      () => {
        // 361 bytes: of the last character four bits say nothing.
        const payload = segment(JSON.stringify(taken.claims).padEnd(361));
        return forge(taken.segments[0], `${payload.slice(0, -1)}${next(payload.slice(-1))}`, secret);
      },
    ],
    ['a character appended', () => `${taken.token}A`],
    [
      'a byte appended to the signature',
      () =>
        withSegments(([h, p, s]) => [
          h,
          p,
          segment(Buffer.concat([Buffer.from(s, 'base64url'), Buffer.from('A')])),
        ]),
    ],
    ['the signature cut', () => taken.token.slice(0, -8)],
    ['a signature of zeros', () => withSegments(([h, p]) => [h, p, segment(Buffer.alloc(32))])],
    [
      'the first bit of the signature turned',
      () => {
        const [h, p, s] = taken.segments;
        const bytes = Buffer.from(s, 'base64url');
        bytes[0] = (bytes[0] ?? 0) ^ 0x80;
        return [h, p, segment(bytes)].join('.');
      },
    ],
    ['header and payload exchanged', () => forge(taken.segments[1], taken.segments[0], secret)],
    [
      "another token's signature",
      () => {
        const other = take(forge(taken.segments[0], segment({ ...taken.claims, jti: 'x' }), secret));
        return withSegments(([h, p]) => [h, p, other.segments[2]]);
      },
    ],
    [
      'claims raised under the old signature',
      () => withSegments(([h, , s]) => [h, segment({ ...taken.claims, role: 'admin' }), s]),
    ],
    ['a token within a token', () => forge(taken.segments[0], segment(JSON.stringify(taken.token)), secret)],
    [
      'the JSON form of JWS',
      () =>
        segment({ protected: taken.segments[0], payload: taken.segments[1], signature: taken.segments[2] }),
    ],
    [
      '14 kB of claims, signed',
      () => forge(taken.segments[0], segment({ ...taken.claims, x: 'x'.repeat(10_000) }), secret),
    ],
    ['14 kB of dots', () => '.'.repeat(14_000)],
    ['14 kB of nothing', () => 'A'.repeat(14_000)],
  ])('is refused with %s', async (_, token) => {
    expect(token()).not.toBe(taken.token);
    await expectTokenRefused(app.url, token());
  });

  it('never makes us ask anybody for a key', async () => {
    expect(visitors).toBe(0);
    (await open(theirs)).destroy();
    await new Promise((resolve) => setImmediate(resolve));
    expect(visitors).toBe(1);
  });
});

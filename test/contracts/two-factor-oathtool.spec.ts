import { execFileSync, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Resvg } from '@resvg/resvg-js';
import jsQr from 'jsqr';
import { PASSWORD, startApp } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { bearer, login, post, send } from '../support/http.js';
import { startProcess, type ServerProcess } from '../support/process.js';

const isInstalled = spawnSync('oathtool', ['--version']).status === 0;
if (!isInstalled)
  process.stderr.write('oathtool is not installed: its tests are skipped (apt-get install oathtool)\n');
const describeWithOathtool = isInstalled ? describe : describe.skip;

interface Enrolment {
  secret: string;
  otpauth_url: string;
  qr_code: string;
}

/** What a phone's camera makes of the picture: drawn by one library, read by another. */
function scan(dataUrl: string): string | undefined {
  const svg = Buffer.from(dataUrl.replace(/^data:image\/svg\+xml;base64,/, ''), 'base64').toString();
  const { pixels, width, height } = new Resvg(svg, {
    background: 'white',
    fitTo: { mode: 'width', value: 600 },
  }).render();
  return jsQr.default(new Uint8ClampedArray(pixels), width, height)?.data;
}

/** A real authenticator, OATH Toolkit's, with its own clock, on a real server. */
describeWithOathtool('with oathtool for an authenticator', () => {
  let database: TestDatabase;
  let server: ServerProcess;
  const email = 'admin@example.com';

  beforeAll(async () => {
    database = await createDatabase();
    // Between showing a code and sending it a step may pass.
    server = await startProcess(database, { TOTP_WINDOW_STEPS: '2' });
  });
  afterAll(async () => {
    await server.end();
    await database.drop();
  });

  const codeOf = (secret: string, when = 'now') =>
    execFileSync('oathtool', ['--totp', '--base32', '--now', when, secret], { encoding: 'utf8' }).trim();

  it('somebody turns two-factor on, logs in with it on both APIs, and turns it off', async () => {
    const { url } = server;
    const token = await login(url, email, PASSWORD);
    const own = (route: string, body: object) => post(`${url}/v1/two-factor${route}`, body, bearer(token));
    const enrolment = await own('', { password: PASSWORD });
    expect(enrolment.status).toBe(201);
    const { otpauth_url: shown, qr_code: picture } = enrolment.body as Enrolment;
    // As a phone does: the camera reads the picture, and the secret is taken from what it says.
    const scanned = new URL(scan(picture) ?? '');
    expect(scanned.href).toBe(new URL(shown).href);
    const secret = scanned.searchParams.get('secret') ?? '';

    const confirmed = await own('/confirm', { code: codeOf(secret, '30 seconds ago') });
    expect(confirmed.status).toBe(200);
    const { recovery_codes: recoveryCodes } = confirmed.body as { recovery_codes: string[] };
    expect((await post(`${url}/v1/login`, { email, password: PASSWORD })).status).toBe(400);
    const code = codeOf(secret);
    expect((await post(`${url}/v1/login`, { email, password: PASSWORD, code })).status).toBe(200);
    expect((await post(`${url}/api/users/auth`, { email, password: PASSWORD, code })).status).toBe(401);
    const next = codeOf(secret, '30 seconds');
    expect((await post(`${url}/api/users/auth`, { email, password: PASSWORD, code: next })).status).toBe(200);
    expect((await own('/disable', { password: PASSWORD, code: next })).status).toBe(401);
    expect((await own('/disable', { password: PASSWORD, recovery_code: recoveryCodes[0] })).status).toBe(204);
    expect((await send(`${url}/v1/two-factor`, { headers: bearer(token) })).body).toMatchObject({
      enabled: false,
    });
    await login(url, email, PASSWORD);
  });

  it('a code of two minutes ago is refused', async () => {
    const token = await login(server.url, email, PASSWORD);
    const own = (route: string, body: object) =>
      post(`${server.url}/v1/two-factor${route}`, body, bearer(token));
    const { secret } = (await own('', { password: PASSWORD })).body as Enrolment;
    expect((await own('/confirm', { code: codeOf(secret, '2 minutes ago') })).status).toBe(401);
    expect((await own('/confirm', { code: codeOf(secret, '2 minutes') })).status).toBe(401);
    expect((await own('/confirm', { code: codeOf(secret) })).status).toBe(200);
  });
});

describe('the picture to scan', () => {
  it.each([
    ['as it comes', 'Gatehouse', 'user@example.com'],
    ['with other alphabets', 'Müller & Söhne / 東京', "o'hara+1%&=#?/{}|~@example.com"],
    [
      'as long as it gets',
      '😀'.repeat(64),
      `${'{}|~!#$&'.repeat(8)}@${['a', 'b', 'c'].map((c) => c.repeat(60)).join('.')}.io`,
    ],
  ])('says what otpauth_url says: %s', async (_, issuer, email) => {
    const t = await startApp({ env: { TOTP_ISSUER: issuer } });
    try {
      await t.createUser(email);
      const token = await login(t.url, email, PASSWORD);
      const answer = await post(`${t.url}/v1/two-factor`, { password: PASSWORD }, bearer(token));
      const { secret, otpauth_url: url, qr_code: picture } = answer.body as Enrolment;
      expect(scan(picture)).toBe(url);
      const { protocol, host, pathname, searchParams } = new URL(url);
      expect({ protocol, host, label: decodeURIComponent(pathname) }).toEqual({
        protocol: 'otpauth:',
        host: 'totp',
        label: `/${issuer}:${email}`,
      });
      expect(Object.fromEntries(searchParams)).toEqual({
        secret,
        issuer,
        algorithm: 'SHA1',
        digits: '6',
        period: '30',
      });
    } finally {
      await t.close();
    }
  });
});

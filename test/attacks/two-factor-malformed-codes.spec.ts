import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post } from '../support/http.js';
import {
  enrol,
  factorRow,
  LOGIN_PATHS,
  tryLogin,
  turnOn,
  type Authenticator,
  type ProtectedAccount,
} from '../support/second-factor.js';

const fullWidth = (code: string) =>
  code.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)));
const devanagari = (code: string) =>
  code.replace(/\d/g, (digit) => String.fromCharCode(0x966 + Number(digit)));

/** Made from the right code: whatever a lenient reader would take for it. */
const malformed: [string, (code: string) => unknown][] = [
  ['a blank for its first digit', (code) => ` ${code.slice(1)}`],
  ['a blank before it', (code) => ` ${code}`],
  ['a blank after it', (code) => `${code} `],
  ['a blank in the middle', (code) => `${code.slice(0, 3)} ${code.slice(3)}`],
  ['a hyphen in the middle', (code) => `${code.slice(0, 3)}-${code.slice(3)}`],
  ['a letter after it', (code) => `${code}x`],
  ['a letter for its last digit', (code) => `${code.slice(0, 5)}x`],
  ['a line feed after it', (code) => `${code}\n`],
  ['a line feed before it', (code) => `\n${code}`],
  ['a NUL after it', (code) => `${code}\0`],
  ['a zero before it', (code) => `0${code}`],
  ['a zero after it', (code) => `${code}0`],
  ['a sign', (code) => `+${code}`],
  ['a decimal point', (code) => `${code}.`],
  ['an exponent', (code) => `${code}e0`],
  ['hexadecimal', (code) => `0x${Number(code).toString(16)}`],
  ['five digits', (code) => code.slice(1)],
  ['twice', (code) => `${code}${code}`],
  ['with a comma', (code) => `${code},000000`],
  ['full-width digits', fullWidth],
  ['Devanagari digits', devanagari],
  ['a zero-width space after it', (code) => `${code}\u200b`],
  ['a lone surrogate after it', (code) => `${code}\ud800`],
  ['letters', () => 'abcdef'],
  ['six blanks', () => '      '],
  ['SQL', () => `' OR 1=1`],
  ['10,000 digits', (code) => code.padStart(10_000, '0')],
  ['a number', (code) => Number(code)],
  ['zero', () => 0],
  ['true', () => true],
  ['false', () => false],
  ['an array of it', (code) => [code]],
  ['an empty array', () => []],
  ['an array of a thousand', (code) => Array<string>(1000).fill(code)],
  ['an object', (code) => ({ code })],
  ['an operator', () => ({ $ne: null })],
  ['an object that says it is text', (code) => ({ toString: code, length: 6 })],
];

const sentence = (field: string) => [
  { message: `The ${field} field must be a string.` },
  {
    message:
      field === 'code'
        ? 'The code field must be 6 digits.'
        : 'The recovery_code field must be 16 to 64 letters and digits.',
  },
];

/** Texts that are no code, though some library somewhere reads them as one: a 400 at every door, and no try is spent. */
describe('a malformed code', () => {
  let t: TestApp;
  let account: ProtectedAccount & { token: string };
  /** Somebody half-way through enrolment. */
  let enrolling: { id: number; token: string; authenticator: Authenticator };

  beforeAll(async () => {
    t = await startApp();
    account = await turnOn(t);
    const user = await t.createUser();
    const token = await login(t.url, user.email, PASSWORD);
    enrolling = { id: user.id, token, authenticator: await enrol(t, token) };
    t.clock.advance(30);
  });
  afterAll(() => t.close());

  let before: unknown;
  beforeEach(async () => {
    before = [await factorRow(t, account), await factorRow(t, enrolling)];
  });

  /** Sends `factor` to every door that takes one; every answer must be the same 400. */
  async function expect400(
    factor: { code?: unknown; recovery_code?: unknown },
    field: 'code' | 'recovery_code',
  ): Promise<void> {
    const value = factor[field];
    const faults = typeof value === 'string' ? sentence(field).slice(1) : sentence(field);
    const full = { password: PASSWORD, ...factor };
    const wrongPassword = { email: account.email, password: 'wrong', ...factor };
    const answers = [
      await tryLogin(t, account, factor),
      await post(`${t.url}/v1/login`, wrongPassword),
      await post(`${t.url}/v1/two-factor/disable`, full, bearer(account.token)),
      await post(`${t.url}/v1/two-factor/recovery-codes`, full, bearer(account.token)),
      ...(field === 'code'
        ? [await post(`${t.url}/v1/two-factor/confirm`, factor, bearer(enrolling.token))]
        : []),
    ];
    for (const { status, body } of answers) {
      expect({ status, body }).toMatchObject({
        status: 400,
        body: { message: faults[0]?.message, details: { [field]: faults } },
      });
      expect(Object.keys((body as { details: object }).details)).toEqual([field]);
    }
    const api = [
      await tryLogin(t, account, factor, LOGIN_PATHS[1]),
      await post(`${t.url}${LOGIN_PATHS[1]}`, wrongPassword),
    ];
    for (const { status, body } of api) expect({ status, body }).toEqual({ status: 400, body: faults[0] });
    expect([await factorRow(t, account), await factorRow(t, enrolling)]).toEqual(before);
  }

  it.each(malformed)('is a 400 and spends nothing: %s', async (_, malform) => {
    await expect400({ code: malform(account.authenticator.code(t.clock.now())) }, 'code');
  });

  it.each<[string, (code: string) => unknown]>([
    ['one character short', (code) => code.slice(1)],
    ['one beyond what any may have', (code) => code.replaceAll('-', '').padEnd(65, 'a')],
    ['an exclamation mark', (code) => `!${code.slice(1)}`],
    ['underscores', (code) => code.replaceAll('-', '_')],
    ['a tab', (code) => code.replace('-', '\t')],
    ['a NUL after it', (code) => `${code}\0`],
    ['a Kelvin sign for a k', (code) => `\u212a${code.slice(1)}`],
    ['a long s', (code) => `\u017f${code.slice(1)}`],
    ['a dotless i', (code) => `\u0131${code.slice(1)}`],
    ['only hyphens', () => '-'.repeat(16)],
    ['15,000 hyphens', () => '-'.repeat(15_000)],
    ['several of them', (code) => Array(5).fill(code).join(' ')],
    ['a number', () => 2_222_222_222_222_222],
    ['an array of it', (code) => [code]],
    ['an operator', () => ({ $ne: null })],
    ['true', () => true],
  ])('is a 400 also as a recovery code: %s', async (_, malform) => {
    await expect400({ recovery_code: malform(account.recoveryCodes[0] ?? '') }, 'recovery_code');
  });

  it('is a 400 also beside a right one of the other kind', async () => {
    await expect400({ code: '12345', recovery_code: account.recoveryCodes[0] }, 'code');
    await expect400({ code: account.authenticator.code(t.clock.now()), recovery_code: 'x' }, 'recovery_code');
  });

  it.each([
    [{ code: '' }],
    [{ code: null }],
    [{ recovery_code: '' }],
    [{ recovery_code: null }],
    [{ code: '', recovery_code: null }],
  ])('is none at all: %j', async (factor) => {
    const answer = await tryLogin(t, account, factor);
    expect({ status: answer.status, body: answer.body }).toMatchObject({
      status: 400,
      body: { details: { code: [{ message: 'The code field is required.' }] } },
    });
    expect((await tryLogin(t, account, factor, LOGIN_PATHS[1])).status).toBe(401);
    expect(await factorRow(t, account)).toEqual((before as unknown[])[0]);
  });

  it('leaves the right one as good as it was', async () => {
    const now = t.clock.now();
    expect((await tryLogin(t, account, { code: account.authenticator.code(now) })).status).toBe(200);
    expect((await tryLogin(t, account, { recovery_code: account.recoveryCodes[0] })).status).toBe(200);
    const code = enrolling.authenticator.code(now);
    expect((await post(`${t.url}/v1/two-factor/confirm`, { code }, bearer(enrolling.token))).status).toBe(
      200,
    );
  });
});

import { randomBytes, randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { HOTP, Secret, TOTP, URI } from 'otpauth';
import { base32, matchedStep, otpauthUrl } from './totp.js';

/** The secret of both RFCs' test vectors. */
const secret = Buffer.from('12345678901234567890');
const STEP_MS = 30_000;
const WINDOWS = [0, 1, 2] as const;

describe('matchedStep', () => {
  // Appendix D.
  it('knows every counter of RFC 4226 at its own time, and at no other', () => {
    const codes = '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'.split(' ');
    codes.forEach((code, counter) => {
      for (let at = 0; at < codes.length; at += 1) {
        expect(matchedStep(secret, code, at * STEP_MS, 0)).toBe(at === counter ? counter : undefined);
      }
    });
  });

  // RFC 6238 appendix B, SHA-1: the last six of its eight digits.
  it.each([
    [59, '94287082', 0x1],
    [1111111109, '07081804', 0x23523ec],
    [1111111111, '14050471', 0x23523ed],
    [1234567890, '89005924', 0x273ef07],
    [2000000000, '69279037', 0x3f940aa],
    [20000000000, '65353130', 0x27bc86aa],
  ])('at %i s knows %s (RFC 6238)', (seconds, code, step) => {
    for (const window of WINDOWS) {
      expect(matchedStep(secret, code.slice(-6), seconds * 1000, window)).toBe(step);
    }
  });

  it('agrees with another library over 10,000 random secrets and times', () => {
    const disagreements: object[] = [];
    for (let i = 0; i < 10_000; i += 1) {
      const bytes = randomBytes(20);
      // Until the year 2500, any millisecond of a step.
      const now = randomInt(16_725_225_600) * 1000 + randomInt(1000);
      const window = WINDOWS[randomInt(3)] ?? 0;
      const theirs = new TOTP({ secret: new Secret({ buffer: new Uint8Array(bytes).buffer }) });
      const code = theirs.generate({ timestamp: now + (randomInt(7) - 3) * STEP_MS });
      const step = Math.floor(now / STEP_MS);
      // All of them: one in a million codes is that of two steps.
      const expected: (number | undefined)[] = Array.from(
        { length: 2 * window + 1 },
        (_, j) => step - window + j,
      ).filter((each) => theirs.generate({ timestamp: each * STEP_MS }) === code);
      const ours = matchedStep(bytes, code, now, window);
      if (!(expected.length === 0 ? ours === undefined : expected.includes(ours))) {
        disagreements.push({ secret: bytes.toString('hex'), now, window, code, ours, expected });
      }
    }
    expect(disagreements).toEqual([]);
  });

  it.each(WINDOWS)('accepts of the steps −25 … +25 exactly those within %i', (window) => {
    const now = 1_764_000_000_000;
    const step = now / STEP_MS;
    const steps = Array.from({ length: 51 }, (_, i) => step - 25 + i);
    const accepted = steps.filter((counter) => {
      const code = HOTP.generate({ secret: Secret.fromLatin1(secret.toString()), counter });
      return matchedStep(secret, code, now, window) === counter;
    });
    expect(accepted).toEqual(steps.slice(25 - window, 26 + window));
  });

  it('changes step exactly every 30 s', () => {
    const code = '287082'; // of 30 s … 59.999 s
    const at = (now: number) => matchedStep(secret, code, now, 0);
    expect([29_999, 30_000, 59_999, 60_000].map(at)).toEqual([undefined, 1, 1, undefined]);
  });

  it('survives a clock at the beginning of time', () => {
    for (const now of [0, 1, 29_999]) {
      expect(matchedStep(secret, '755224', now, 2)).toBe(0);
      expect(matchedStep(secret, '000000', now, 2)).toBeUndefined();
    }
  });

  it.each([0, 1, 9, 56, 64])('throws for a secret of %i bytes', (length) => {
    for (const code of ['081804', '328482', '000000']) {
      expect(() => matchedStep(Buffer.alloc(length), code, 1_111_111_109_000, 1)).toThrow(RangeError);
    }
  });

  it('throws for the empty secret even with the code that anybody can compute for it', () => {
    const now = 1_764_000_000_000;
    // HMAC pads both to the same block of zeros.
    const code = HOTP.generate({
      secret: new Secret({ buffer: new ArrayBuffer(1) }),
      counter: now / STEP_MS,
    });
    expect(() => matchedStep(Buffer.alloc(0), code, now, 0)).toThrow(RangeError);
  });

  // 081804 is right here: what a lenient reader takes for it is not.
  it.each([
    ' 81804',
    '81804',
    '81804x',
    '81804 ',
    '081804 ',
    ' 081804',
    '081804\n',
    '081804\0',
    '081804x',
    '0081804',
    '+81804',
    '0x13f8c',
    '8.1804e4',
    '08 1804',
    '081,804',
    '０８１８０４',
    '०८१८०४',
    '',
    '      ',
    'abcdef',
    '07081804',
  ])('knows no step for %j', (code) => {
    expect(matchedStep(secret, '081804', 1_111_111_109_000, 1)).toBe(0x23523ec);
    expect(matchedStep(secret, code, 1_111_111_109_000, 1)).toBeUndefined();
  });
});

describe('base32', () => {
  // RFC 4648 §10, without the padding.
  it.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('writes %j as %j', (text, encoded) => {
    expect(base32(Buffer.from(text))).toBe(encoded);
  });

  it('agrees with another library on every byte', () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const bytes = Buffer.concat([Buffer.from([byte]), randomBytes(19)]);
      expect(Secret.fromBase32(base32(bytes)).hex.toLowerCase()).toBe(bytes.toString('hex'));
    }
  });
});

describe('otpauthUrl', () => {
  it.each([
    ['Gatehouse', 'user@example.com'],
    ['Müller & Söhne / 東京 ?#%', "o'hara+100%&x=1#?/@example.com"],
    ['😀', '{a}|b`c~d!$*^@example.com'],
  ])('is read by another library: %s, %s', (issuer, account) => {
    const read = URI.parse(otpauthUrl(secret, issuer, account));
    expect(read).toBeInstanceOf(TOTP);
    const { label, algorithm, digits, period } = read as TOTP;
    expect({ issuer: read.issuer, label, algorithm, digits, period }).toEqual({
      issuer,
      label: account,
      algorithm: 'SHA1',
      digits: 6,
      period: 30,
    });
    expect(read.secret.latin1).toBe(secret.toString());
  });

  it('has the form of the Key URI format', () => {
    expect(otpauthUrl(secret, 'Gate house', 'user@example.com')).toBe(
      'otpauth://totp/Gate%20house:user%40example.com' +
        '?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Gate%20house&algorithm=SHA1&digits=6&period=30',
    );
  });
});

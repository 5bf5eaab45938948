import { describe, expect, it } from '@jest/globals';
import { canonicalRecoveryCode, generateRecoveryCodes, hashRecoveryCode } from './recovery-code.js';

const code = 'abcd-efgh-ij23-mnop';

describe('generateRecoveryCodes', () => {
  it('makes ten different codes of 80 bits', () => {
    const codes = generateRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const each of codes) expect(each).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/);
  });

  it('uses all 32 characters at each of the 16 places, none more often than chance', () => {
    const seen = Array.from({ length: 16 }, () => new Map<string, number>());
    for (let i = 0; i < 200; i += 1) {
      for (const each of generateRecoveryCodes()) {
        Array.from(each.replaceAll('-', '')).forEach((character, place) => {
          seen[place]?.set(character, (seen[place].get(character) ?? 0) + 1);
        });
      }
    }
    for (const counts of seen) {
      expect(counts.size).toBe(32);
      // 62.5 are expected with a deviation of 7.8: seven of those are a bias and no chance.
      expect(Math.max(...counts.values())).toBeLessThan(118);
    }
  });

  it('makes codes that are their own canonical form, hyphens aside', () => {
    for (const each of generateRecoveryCodes())
      expect(canonicalRecoveryCode(each)).toBe(each.replaceAll('-', ''));
  });
});

describe('canonicalRecoveryCode', () => {
  it.each(['abcdefghij23mnop', 'ABCD-EFGH-IJ23-MNOP', ' abcd efgh ij23 mnop ', 'a-b-c-d-efghij23mnop-'])(
    'takes %j for the same code',
    (text) => {
      expect(canonicalRecoveryCode(text)).toBe(code.replaceAll('-', ''));
    },
  );

  it.each(['Wp8Tz0yQ1x-Kd93LmVb7C', 'a'.repeat(16), '0123456789012345', 'z'.repeat(64)])(
    'takes %j, which another system made, for one',
    (text) => {
      expect(canonicalRecoveryCode(text)).toBe(text.replace('-', '').toLowerCase());
    },
  );

  it.each([
    '',
    '-',
    'abcd-efgh-ij23-mno',
    'abcd-efgh-ij23-mno!',
    'a'.repeat(65),
    'abcd_efgh_ij23_mnop',
    'äbcd-efgh-ij23-mnop',
    `${code}\n`,
  ])('takes %j for none', (text) => {
    expect(canonicalRecoveryCode(text)).toBeUndefined();
  });
});

describe('hashRecoveryCode', () => {
  it('differs between accounts and codes, and holds nothing of the code', () => {
    const hashes = [
      hashRecoveryCode(1, code),
      hashRecoveryCode(2, code),
      hashRecoveryCode(1, 'abcdefghij23mnoq'),
    ];
    expect(new Set(hashes).size).toBe(3);
    for (const hash of hashes) expect(hash).toMatch(/^[\w-]{43}$/);
  });

  it('cannot be made to agree by moving characters between account and code', () => {
    expect(hashRecoveryCode(1, '2abc')).not.toBe(hashRecoveryCode(12, 'abc'));
  });
});

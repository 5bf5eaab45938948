import { createHash } from 'node:crypto';
import { randomString } from '../platform/crypto/random.js';

const CODES = 10;
/** 16 characters of 5 bits: 80 bits, more than anybody guesses, offline too. */
const LENGTH = 16;

const recoveryCode = /^[a-z0-9]{16,64}$/;

/** Ten new codes, as they are shown: `abcd-efgh-ijkl-mnop`. */
export const generateRecoveryCodes = (): string[] =>
  Array.from({ length: CODES }, () =>
    (randomString('abcdefghijklmnopqrstuvwxyz234567', LENGTH).match(/.{4}/g) ?? []).join('-'),
  );

/**
 * The one form of a code however it was typed, or undefined where it is none. Codes that came with accounts from elsewhere may be
 * longer, of any letters and digits: never shorter, since from a hash of few bits the code is soon found.
 */
export function canonicalRecoveryCode(text: string): string | undefined {
  const code = text.replace(/[ -]/g, '').toLowerCase();
  return recoveryCode.test(code) ? code : undefined;
}

/** What is stored of a canonical code: salted with its account, SHA-256 (the code itself is 80 random bits). */
export const hashRecoveryCode = (userId: number, code: string): string =>
  createHash('sha256').update(`gatehouse recovery code\0${userId}\0${code}`).digest('base64url');

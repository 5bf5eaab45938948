import { randomBytes, randomInt } from 'node:crypto';

/** 128 random bits, base64url: 22 characters. */
export function randomToken(): string {
  return randomBytes(16).toString('base64url');
}

/** `length` characters of `alphabet`, each equally likely (`randomInt` rejects the biased remainder). */
export function randomString(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

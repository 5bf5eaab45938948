import { randomBytes } from 'node:crypto';

/** Asking the system for sixteen bytes costs as much as asking for thousands, and every refresh needs some. */
const PAGE_BYTES = 4_096;
let page = Buffer.alloc(0);
let taken = 0;

/** Where the next `bytes` random bytes begin in `page`; each is given out once. Fewer than `PAGE_BYTES`. */
function take(bytes: number): number {
  if (taken + bytes > page.length) [page, taken] = [randomBytes(PAGE_BYTES), 0];
  taken += bytes;
  return taken - bytes;
}

function randomText(bytes: number, encoding: 'base64url' | 'hex'): string {
  const from = take(bytes);
  const text = page.toString(encoding, from, from + bytes);
  page.fill(0, from, from + bytes);
  return text;
}

/** 128 random bits, base64url: 22 characters. */
export const randomToken = (): string => randomText(16, 'base64url');

/** Random bytes in hex, two digits each. */
export const randomHex = (bytes: number): string => randomText(bytes, 'hex');

/** `length` characters of `alphabet`, of at most 256, each equally likely. */
export function randomString(alphabet: string, length: number): string {
  // A byte beyond the last whole multiple would favour the first characters.
  const bound = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    const byte = page[take(1)] ?? bound;
    if (byte < bound) text += alphabet.charAt(byte % alphabet.length);
  }
  return text;
}

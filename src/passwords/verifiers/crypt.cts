import { hash } from 'node:crypto';

const CRYPT_DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The number that a digit of crypt(3) stands for. */
export const cryptNumber = (digit: string): number => CRYPT_DIGITS.indexOf(digit);

/**
 * The bytes of `digest` at the places of `order` in the digits of crypt(3): six bits each, of up to three bytes at a time that
 * count as one number, its lowest bits first. A group's first place holds the lowest byte.
 */
export function cryptDigits(digest: Buffer, order: readonly (readonly number[])[]): string {
  let text = '';
  for (const places of order) {
    let number = places.reduce((sum, place, i) => sum | ((digest[place] ?? 0) << (8 * i)), 0);
    for (let bits = 8 * places.length; bits > 0; bits -= 6, number >>>= 6)
      text += CRYPT_DIGITS.charAt(number & 63);
  }
  return text;
}

/** A digest, `rounds` times over itself, password and salt, in the order that md5-crypt began and sha-crypt took over. */
export function cryptRounds(
  name: string,
  first: Buffer,
  rounds: number,
  { password, salt }: { password: Buffer; salt: Buffer },
): Buffer {
  let sum = first;
  for (let i = 0; i < rounds; i += 1) {
    const parts = [i % 2 ? password : sum];
    if (i % 3) parts.push(salt);
    if (i % 7) parts.push(password);
    parts.push(i % 2 ? sum : password);
    sum = hash(name, Buffer.concat(parts), 'buffer');
  }
  return sum;
}

/** `bytes` over and over, `length` in all. */
export const repeated = (bytes: Buffer, length: number): Buffer =>
  length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes);

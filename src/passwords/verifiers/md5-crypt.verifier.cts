import { hash as digest, timingSafeEqual } from 'node:crypto';
import { cryptDigits, cryptRounds, repeated } from './crypt.cjs';
import type { Verifier } from './verifier.cjs';

const form = /^(?:\{(?:CRYPT|crypt)\})?\$(1|apr1)\$([^$:\n]{0,8})\$([./0-9A-Za-z]{22})$/;
const ORDER = [[12, 6, 0], [13, 7, 1], [14, 8, 2], [15, 9, 3], [5, 10, 4], [11]];

/** crypt(3)'s `$1$`, and Apache's `$apr1$` of it: a thousand rounds of MD5. */
export const readMd5Crypt: Verifier = (stored) => {
  const [, id, salt, tail] = form.exec(stored) ?? [];
  if (id === undefined || salt === undefined || tail === undefined) return undefined;
  return {
    kind: id === '1' ? 'crypt-md5' : 'crypt-apr1',
    verify: (password) => {
      const sum = md5Crypt(password, Buffer.from(salt), `$${id}$`);
      return timingSafeEqual(Buffer.from(cryptDigits(sum, ORDER)), Buffer.from(tail));
    },
  };
};

function md5Crypt(password: Buffer, salt: Buffer, magic: string): Buffer {
  const sumOf = (...parts: Buffer[]) => digest('md5', Buffer.concat(parts), 'buffer');
  const parts = [password, Buffer.from(magic), salt];
  parts.push(repeated(sumOf(password, salt, password), password.length));
  for (let bits = password.length; bits > 0; bits >>= 1)
    parts.push(bits & 1 ? Buffer.alloc(1) : password.subarray(0, 1));
  return cryptRounds('md5', sumOf(...parts), 1000, { password, salt });
}

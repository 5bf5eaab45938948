import { hash as digest, timingSafeEqual } from 'node:crypto';
import { cryptDigits, cryptNumber } from './crypt.cjs';
import { outOfBounds, type Verifier } from './verifier.cjs';

const form = /^\$[PH]\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{22})$/;
const ORDER = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11], [12, 13, 14], [15]];

/** The portable hashes of phpass, WordPress's until 6.8 (`$P$`) and phpBB's (`$H$`): MD5, over and over. */
export const readPhpass: Verifier = (stored) => {
  const [, digit, salt, tail] = form.exec(stored) ?? [];
  if (digit === undefined || salt === undefined || tail === undefined) return undefined;
  const log2 = cryptNumber(digit);
  return (
    outOfBounds({ 'log2 of rounds': [log2, 7, 18] }) ?? {
      kind: 'phpass',
      verify: (password) => {
        let sum = digest('md5', Buffer.concat([Buffer.from(salt), password]), 'buffer');
        for (let left = 2 ** log2; left > 0; left -= 1)
          sum = digest('md5', Buffer.concat([sum, password]), 'buffer');
        return timingSafeEqual(Buffer.from(cryptDigits(sum, ORDER)), Buffer.from(tail));
      },
    }
  );
};

import { hash as digest, timingSafeEqual } from 'node:crypto';
import { cryptDigits, cryptRounds, repeated } from './crypt.cjs';
import { outOfBounds, type Verifier } from './verifier.cjs';

const form = /^(?:\{(?:CRYPT|crypt)\})?\$([56])\$(?:rounds=(\d{1,9})\$)?([^$:\n]{0,16})\$([./0-9A-Za-z]+)$/;

/** Where the digest's bytes stand among the digits: columns of `third` bytes, each row turned once more than the one before. */
const order = (third: number, turn: 1 | 2, last: readonly number[]): readonly (readonly number[])[] => [
  ...Array.from({ length: third }, (_, i) => {
    const row = [i, i + third, i + 2 * third];
    const by = (i * turn) % 3;
    return [...row.slice(by), ...row.slice(0, by)].reverse();
  }),
  last,
];
const schemes = {
  5: { kind: 'crypt-sha256', name: 'sha256', digits: 43, order: order(10, 2, [30, 31]) },
  6: { kind: 'crypt-sha512', name: 'sha512', digits: 86, order: order(21, 1, [63]) },
} as const;

/** crypt(3)'s `$5$` and `$6$` (https://www.akkadia.org/drepper/SHA-crypt.txt), also as LDAP names them: `{CRYPT}$6$…`. */
export const readShaCrypt: Verifier = (stored) => {
  const [, id, given, salt, tail] = form.exec(stored) ?? [];
  if (salt === undefined || tail === undefined) return undefined;
  const scheme = schemes[id as '5' | '6'];
  if (tail.length !== scheme.digits) return undefined;
  const rounds = Number(given ?? 5000);
  return (
    outOfBounds({ rounds: [rounds, 1000, 1_000_000] }) ?? {
      kind: scheme.kind,
      verify: (password) => {
        const sum = shaCrypt(password, Buffer.from(salt), scheme.name, rounds);
        return timingSafeEqual(Buffer.from(cryptDigits(sum, scheme.order)), Buffer.from(tail));
      },
    }
  );
};

function shaCrypt(password: Buffer, salt: Buffer, name: string, rounds: number): Buffer {
  const sumOf = (...parts: Buffer[]) => digest(name, Buffer.concat(parts), 'buffer');
  const alternate = sumOf(password, salt, password);
  const parts = [password, salt, repeated(alternate, password.length)];
  for (let bits = password.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? alternate : password);
  const first = sumOf(...parts);
  const passwords = sumOf(...Array<Buffer>(password.length).fill(password));
  const salts = sumOf(...Array<Buffer>(16 + (first[0] ?? 0)).fill(salt));
  return cryptRounds(name, first, rounds, {
    password: repeated(passwords, password.length),
    salt: repeated(salts, salt.length),
  });
}

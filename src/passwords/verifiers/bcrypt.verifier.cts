import { createHash } from 'node:crypto';
import bcrypt from 'bcrypt';
import { outOfBounds, type Verifier } from './verifier.cjs';

/** bcrypt reads no more of a password. */
const BCRYPT_BYTES = 72;
/** The dearest takes two seconds. */
export const BCRYPT_COSTS = [4, 15] as const;

const form = /^(?:bcrypt(_sha256)?\$)?\$2([abxy])\$(\d\d)\$([./A-Za-z0-9]{53})$/;

/**
 * bcrypt, also as Django names it: `bcrypt$$2b$…`, and `bcrypt_sha256$$2b$…` over the SHA-256 of the password in hex. PHP's
 * `$2y$` is compared as PHP compares it, by the first 72 bytes; under `$2a$` and `$2b$`, which are also ours, a longer password
 * is wrong.
 */
export const readBcrypt: Verifier = (stored) => {
  const found = form.exec(stored);
  if (!found) return undefined;
  const [, isDigested, variant, digits, rest] = found;
  if (variant === 'x')
    return { refusal: 'The hash is of the faulty bcrypt that $2x$ marks: it also matches other passwords.' };
  const cost = Number(digits);
  const compare = (password: Buffer, isCut: boolean) =>
    // The library does not know $2y$: it would say no at once.
    bcrypt.compareSync(password.subarray(0, BCRYPT_BYTES), `$2b$${digits}$${rest}`) &&
    (isCut || password.length <= BCRYPT_BYTES);
  const hex = (password: Buffer) => Buffer.from(createHash('sha256').update(password).digest('hex'));
  return (
    outOfBounds({ cost: [cost, ...BCRYPT_COSTS] }) ?? {
      kind: isDigested ? 'bcrypt-sha256-django' : 'bcrypt',
      bcryptCost: cost,
      verify: (password) => (isDigested ? compare(hex(password), false) : compare(password, variant === 'y')),
    }
  );
};

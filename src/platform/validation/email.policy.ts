// Nothing but this of a package whose parts take long to load.
import isEmail from 'validator/lib/isEmail.js';

/**
 * Printable ASCII without the space: what is left holds no NUL, zero-width, bidi or look-alike character. Without double quotes too:
 * `"a"@b.com` and `"\a"@b.com` are the mailbox of `a@b.com` (RFC 5321 §4.1.2), each with an account and a limit of its own.
 */
const visibleAscii = /^[\x21\x23-\x7e]{3,254}$/;

/**
 * The one form in which an e-mail address is stored, looked up and compared, or undefined where `value` is none.
 * ASCII only and at most 254 characters (RFC 5321 §4.5.3.1), lower case: so that JavaScript, PostgreSQL and SQLite,
 * whose lower-casing differs beyond ASCII, cannot disagree about who somebody is.
 */
export function canonicalEmail(value: unknown): string | undefined {
  if (typeof value !== 'string' || !visibleAscii.test(value)) return undefined;
  const email = value.toLowerCase();
  return isEmail.default(email) ? email : undefined;
}

/**
 * What all addresses of one mailbox have in common, where we can tell: a `+tag` (RFC 5233) goes to the same one, and Gmail ignores
 * dots and has two domains. For counting only: whose account it is, `canonicalEmail` says.
 */
export function mailboxOf(email: string): string {
  const untagged = email.replace(/(?<!^)\+.*@/, '@');
  const [, gmail] = /^(.+)@(?:gmail|googlemail)\.com$/.exec(untagged) ?? [];
  return gmail === undefined ? untagged : `${gmail.replaceAll('.', '')}@gmail.com`;
}

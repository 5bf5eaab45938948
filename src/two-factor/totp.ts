import { timingSafeEqual } from 'node:crypto';
import speakeasy from 'speakeasy';

export const TOTP_STEP_SECONDS = 30;

/** Of those that we make: RFC 4226 §4 recommends 160 bits. */
export const TOTP_SECRET_BYTES = 20;
/** Of those that came from elsewhere: the 80 bits that authenticators began with, and what fits its column encrypted. */
export const TOTP_SECRET_MIN_BYTES = 10;
export const TOTP_SECRET_MAX_BYTES = 55;

export const isTotpSecret = ({ length }: Buffer): boolean =>
  length >= TOTP_SECRET_MIN_BYTES && length <= TOTP_SECRET_MAX_BYTES;

/**
 * The time step whose code (RFC 6238: SHA-1, 6 digits, 30 s) `code` is, looked for up to `window` steps around `now`; undefined
 * where there is none. The only door to speakeasy, which accepts an empty secret, a window in text and codes with blanks.
 * @param now epoch milliseconds
 */
export function matchedStep(
  secret: Buffer,
  code: string,
  now: number,
  window: 0 | 1 | 2,
): number | undefined {
  if (!isTotpSecret(secret)) throw new RangeError('that is no TOTP secret');
  if (!/^[0-9]{6}$/.test(code)) return undefined;
  const step = Math.floor(now / 1000 / TOTP_STEP_SECONDS);
  const match = speakeasy.totp.verifyDelta({
    secret: secret.toString('hex'),
    encoding: 'hex',
    token: code,
    time: step * TOTP_STEP_SECONDS,
    step: TOTP_STEP_SECONDS,
    window,
  });
  return match ? step + match.delta : undefined;
}

/** How far off an authenticator's clock is looked for, in steps: five minutes. */
const DRIFT_STEPS = 10;

/**
 * How many steps before (negative) or after `now` a refused code would have been right, or undefined where it never was: tells a
 * phone whose clock is off from a guess. Every step is computed, whatever matches: the time it takes tells nothing.
 */
export function driftOf(secret: Buffer, code: string, now: number): number | undefined {
  const step = Math.floor(now / 1000 / TOTP_STEP_SECONDS);
  const presented = Buffer.from(code.padEnd(6).slice(0, 6));
  let drift: number | undefined;
  for (let delta = -DRIFT_STEPS; delta <= DRIFT_STEPS; delta += 1) {
    const shown = speakeasy.totp({
      secret: secret.toString('hex'),
      encoding: 'hex',
      time: (step + delta) * TOTP_STEP_SECONDS,
      step: TOTP_STEP_SECONDS,
    });
    const isIt = timingSafeEqual(Buffer.from(shown), presented);
    // The nearest, should two be alike.
    if (isIt && (drift === undefined || Math.abs(delta) < Math.abs(drift))) drift = delta;
  }
  return drift;
}

/** RFC 4648 §6, without padding: what authenticator apps read. */
export function base32(bytes: Buffer): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** What an authenticator app is told, as a link or in a QR code (the Key URI format). */
export function otpauthUrl(secret: Buffer, issuer: string, account: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  const query = `secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=6&period=${TOTP_STEP_SECONDS}`;
  return `otpauth://totp/${label}?${query}`;
}

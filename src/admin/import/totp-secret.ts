import { textOf } from './column.js';
import { Refusal } from './row.js';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** What the codes of an authenticator are computed with. */
export interface TotpParameters {
  digits?: unknown;
  period?: unknown;
  algorithm?: unknown;
}

/** The bytes of a secret in base32, blanks and padding aside, or in an `otpauth://` link. @throws Refusal */
export function totpSecretOf(text: string): Buffer {
  if (!text.startsWith('otpauth:')) return base32Of(text);
  const link = URL.canParse(text) ? new URL(text) : undefined;
  if (link?.host !== 'totp') throw new Refusal('two_factor_secret is no TOTP link');
  checkTotp(Object.fromEntries(link.searchParams));
  return base32Of(link.searchParams.get('secret') ?? '');
}

/** @throws Refusal where their codes would not be those that we compute: 6 digits, 30 s, SHA-1 */
export function checkTotp({ digits = 6, period = 30, algorithm = 'SHA1' }: TotpParameters): void {
  const textIn = (value: unknown) => textOf(value, 'two_factor_secret') ?? '';
  const isSha1 = /^(hmac)?-?sha-?1$/i.test(textIn(algorithm));
  if (Number(textIn(digits)) === 6 && Number(textIn(period)) === 30 && isSha1) return;
  throw new Refusal('its authenticator does not show 6 digits every 30 s by SHA-1');
}

function base32Of(text: string): Buffer {
  const characters = text.replace(/[\s-]|=+$/g, '').toUpperCase();
  if (!/^[A-Z2-7]+$/.test(characters)) throw new Refusal('two_factor_secret is no base32');
  const bits = [...characters].map((each) => alphabet.indexOf(each).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => parseInt(eight, 2)));
}

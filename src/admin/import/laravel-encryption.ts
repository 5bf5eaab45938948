import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { isNothing } from './column.js';
import { Refusal } from './row.js';

interface Payload {
  iv?: unknown;
  value?: unknown;
  mac?: unknown;
  tag?: unknown;
}

/** What `decrypt()` of a Laravel application with one of these keys gives; undefined for nothing. @throws Refusal */
export function laravelDecrypt(value: unknown, keys: readonly Buffer[] | undefined): string | undefined {
  if (isNothing(value)) return undefined;
  if (!keys) throw new Refusal('two-factor is encrypted: give the application’s APP_KEY');
  const payload = payloadOf(value);
  for (const key of keys) {
    const text = payload && decrypted(payload, key);
    if (text !== undefined) return unserialized(text);
  }
  throw new Refusal('two-factor cannot be decrypted with the APP_KEY given');
}

/** A key as `.env` has it: `base64:…`. Undefined: it is none. */
export function laravelKey(text: string): Buffer | undefined {
  const key = /^base64:([A-Za-z0-9+/]+={0,2})$/.exec(text.trim())?.[1];
  const bytes = key === undefined ? undefined : Buffer.from(key, 'base64');
  return bytes && [16, 32].includes(bytes.length) ? bytes : undefined;
}

function payloadOf(value: unknown): Payload | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(String(value), 'base64').toString());
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Illuminate\Encryption\Encrypter: CBC with an HMAC over the texts of iv and value, or GCM with its tag. */
function decrypted({ iv, value, mac, tag }: Payload, key: Buffer): string | undefined {
  if (typeof iv !== 'string' || typeof value !== 'string') return undefined;
  const is256 = key.length === 32;
  try {
    if (typeof tag === 'string' && tag !== '') {
      const algorithm = is256 ? 'aes-256-gcm' : 'aes-128-gcm';
      const gcm = createDecipheriv(algorithm, key, Buffer.from(iv, 'base64'), { authTagLength: 16 });
      gcm.setAuthTag(Buffer.from(tag, 'base64'));
      return gcm.update(value, 'base64', 'utf8') + gcm.final('utf8');
    }
    const expected = createHmac('sha256', key)
      .update(iv + value)
      .digest();
    const given = Buffer.from(String(mac), 'hex');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const cbc = createDecipheriv(is256 ? 'aes-256-cbc' : 'aes-128-cbc', key, Buffer.from(iv, 'base64'));
    return cbc.update(value, 'base64', 'utf8') + cbc.final('utf8');
  } catch {
    return undefined;
  }
}

/** `encrypt()` puts PHP's serialize around a text: `s:<bytes>:"<text>";`. */
const unserialized = (text: string): string => /^s:\d+:"(.*)";$/s.exec(text)?.[1] ?? text;

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { canonicalEmail } from '../validation/email.policy.js';

/** What the text of a variable must be. */
export interface Rule<T> {
  /** The rule, to be read after "must be". */
  readonly sentence: string;
  /** What a number counts. */
  readonly unit?: string;
  /** No example ever shows a value, and blank is a fault, not "not set". */
  readonly secret?: true;
  /** How to come by a good value: shown with the fault. */
  readonly remedy?: string;
  /** The typed value, or undefined where the text breaks the rule. */
  parse(text: string): T | undefined;
}

export const matching = (sentence: string, accepts: (text: string) => boolean): Rule<string> => ({
  sentence,
  parse: (text) => (accepts(text) ? text : undefined),
});

export const oneOf = <const T extends string>(...values: T[]): Rule<T> => ({
  sentence: `one of ${values.join(', ')}`,
  parse: (text) => values.find((value) => value === text),
});

/** The parts of a list that commas separate; of a blank one, none. */
export const partsOf = (text: string): string[] =>
  text === '' ? [] : text.split(',').map((part) => part.trim());

const listOf = (sentence: string, accepts: (part: string) => boolean): Rule<readonly string[]> => ({
  sentence,
  parse: (text) => {
    const list = partsOf(text);
    return list.every(accepts) ? Object.freeze(list) : undefined;
  },
});

export const integer = (min: number, max: number, unit: string): Rule<number> => ({
  sentence: `a whole number from ${min} to ${max}`,
  unit,
  parse: (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : undefined;
  },
});

export const host = matching(
  'an IP address or a host name',
  (text) => isIP(text) > 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text),
);

/** Absolute, seen from the working directory. */
export const path: Rule<string> = {
  sentence: 'a path that is not blank',
  parse: (text) => (text.trim() === '' ? undefined : resolve(text)),
};

export const postgresUrl = matching(
  'a URL that starts with postgres:// or postgresql://',
  (text) => /^postgres(ql)?:\/\/\S+$/.test(text) && URL.canParse(text),
);

export const httpUrl = matching(
  'a URL that starts with http:// or https://, without a slash at its end',
  (text) => /^https?:\/\/\S+[^\s/]$/.test(text) && URL.canParse(text),
);

/** At most 64 characters, none of which JSON doubles: a token travels in a header and stays under 1 KB. */
export const tokenName = matching('1 to 64 visible ASCII characters, none of them " or \\', (text) =>
  /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/.test(text),
);

export const email: Rule<string> = {
  sentence: 'an e-mail address in ASCII',
  parse: canonicalEmail,
};

/** 72 bytes are all that bcrypt reads; 8 characters are the floor of NIST SP 800-63B-4 §3.1.1.2. */
export const password: Rule<string> = {
  ...matching(
    'at least 8 characters and at most 72 bytes of UTF-8, not all blank',
    (text) => text.trim() !== '' && Array.from(text).length >= 8 && Buffer.byteLength(text) <= 72,
  ),
  secret: true,
};

// `URL` takes `*` for a part of a host name, but no browser ever sends it.
const isOrigin = (text: string) =>
  /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;

export const origins = listOf(
  'exact origins (http or https, scheme://host[:port], no path, no *) separated by commas',
  isOrigin,
);

/** What people paste: placeholders, short texts repeated until they are long enough, and keys of ES256 (half of them public). */
const sample = /change[-_ ]?me|^secret|^(.{1,16})\1+$|^-----BEGIN/is;

/** Commands that print a good secret, each as it is pasted. */
export const secretMakers = [
  `node -e "console.log(require('node:crypto').randomBytes(48).toString('base64url'))"`,
  'openssl rand -base64 48',
];

/** 32 bytes: HS256 wants a key at least as long as its hash (RFC 7518 §3.2). */
export const key: Rule<string> = {
  ...matching(
    'random: at least 32 bytes, at least 8 different characters, no blanks at the ends, no sample',
    (text) =>
      text === text.trim() && Buffer.byteLength(text) >= 32 && new Set(text).size >= 8 && !sample.test(text),
  ),
  secret: true,
  remedy: `make one with: ${secretMakers.join(' or: ')}`,
};

/** Any number of such keys, separated by commas. Unlike a blank secret, a blank list says what is meant. */
export const keys = listOf(
  `secrets separated by commas, each ${key.sentence}`,
  (part) => key.parse(part) !== undefined,
);

/** Line breaks may be written as \n: many places that hold variables hold only one line. */
const pem = (text: string) => text.replaceAll('\\n', '\n').trim();

const isP256 = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) =>
  asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1';

function p256(read: () => KeyObject): KeyObject | undefined {
  try {
    const found = read();
    return isP256(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** For ES256 (RFC 7518 §3.4). */
export const privateKey: Rule<KeyObject> = {
  sentence: 'a P-256 private key in PEM, its line breaks as they are or written as \\n',
  secret: true,
  remedy: 'make one with: openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt',
  parse: (text) => p256(() => createPrivateKey(pem(text))),
};

export const publicKeys: Rule<readonly KeyObject[]> = {
  sentence: 'P-256 public keys in PEM, one after the other',
  parse: (text) => {
    const block = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g;
    const blocks = pem(text).match(block) ?? [];
    const found = blocks.flatMap((each) => p256(() => createPublicKey(each)) ?? []);
    // Nothing but keys: one that was cut off must not be missed in silence.
    const isAll = found.length === blocks.length && pem(text).replaceAll(block, '').trim() === '';
    return isAll ? Object.freeze(found) : undefined;
  },
};

export const totpWindow: Rule<0 | 1 | 2> = {
  sentence: '0, 1 or 2',
  unit: 'steps of 30 s',
  parse: (text) => ([0, 1, 2] as const).find((steps) => String(steps) === text),
};

/** A colon would end it in the label of an otpauth URL. */
export const label = matching(
  '1 to 64 characters, none of them a colon, no blanks at the ends',
  (text) => text === text.trim() && /^[^:\p{C}]{1,64}$/u.test(text),
);

export const redisUrl = matching(
  'a URL that starts with redis:// or rediss://',
  (text) => /^rediss?:\/\/\S+$/.test(text) && URL.canParse(text),
);

/** IPv4 or IPv6, with a prefix length or without. */
function isAddressOrRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}

/** Never "everybody": whoever believes any X-Forwarded-For lets clients choose their address. */
export const addresses = listOf(
  'IP addresses or CIDR ranges (10.0.0.0/8) separated by commas, none of them everybody (/0)',
  (part) => isAddressOrRange(part) && !part.endsWith('/0'),
);

export const receiverUrl = matching(
  'a URL that starts with http:// or https:// and names no user',
  (text) => /^https?:\/\/[^\s@]+$/.test(text) && URL.canParse(text),
);

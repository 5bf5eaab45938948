import { createHmac, createSecretKey, sign, type KeyObject } from 'node:crypto';
import { rotateKeys } from '../../src/sessions/key-ring.js';
import type { TestApp } from './app.js';

/** Variables that take the keys out of the environment: they are kept in the data directory. */
export const STORED = { JWT_SECRET: undefined };

/** The file of the keys that `t` keeps. */
export function keyFileOf({ config }: TestApp): string {
  if (!config.signingKeysFile) throw new Error('this application has its keys from the environment');
  return config.signingKeysFile;
}

/** Rotates the stored keys beside the running application, as the command line does; resolves once it has read them. */
export async function rotate(t: TestApp, inHaste = false): Promise<{ kid: string; signsFrom: number }> {
  const rotation = rotateKeys(keyFileOf(t), t.config, t.clock.now(), inHaste);
  await read(t, rotation.kid);
  return rotation;
}

/** Resolves once `t` says that it has read the key `kid`. */
export async function read(t: TestApp, kid: string): Promise<void> {
  await eventually(() => t.logs.some(({ kids }) => Array.isArray(kids) && kids.includes(kid)));
}

/** Asks until the answer is yes. Throws after `seconds`. */
export async function eventually(ask: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; !(await ask());) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The header of a token, unverified. */
export const headerOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>;

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token of this header and these claims, signed by hand: a secret makes an HMAC, a private key an ECDSA signature in our form. */
export function signed(header: unknown, claims: unknown, key: KeyObject | string): string {
  const text = `${encoded(header)}.${encoded(claims)}`;
  if (typeof key === 'string' || key.type === 'secret') {
    const secret = typeof key === 'string' ? createSecretKey(key, 'utf8') : key;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  }
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${(isHigh(signature) ? twin(signature) : signature).toString('base64url')}`;
}

const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const sOf = (signature: Buffer): bigint => BigInt(`0x${signature.toString('hex', 32)}`);

/** Whether the s of an ES256 signature (r ‖ s) is in the upper half. */
export const isHigh = (signature: Buffer): boolean => sOf(signature) * 2n > ORDER;

/** The other signature that verifies where `signature` (r ‖ s) does: (r, n − s). */
export function twin(signature: Buffer): Buffer {
  const s = (ORDER - sOf(signature)).toString(16).padStart(64, '0');
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(s, 'hex')]);
}

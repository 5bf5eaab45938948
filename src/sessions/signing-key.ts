import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';

export type SigningAlgorithm = 'HS256' | 'ES256';

/** A key of access tokens: one key, one algorithm. All keys are `KeyObject`s: jsonwebtoken parses anything else every time. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** The one header segment that tokens of this key carry. */
  readonly header: string;
  /** Absent: it verifies only. */
  readonly signWith?: KeyObject | undefined;
  readonly verifyWith: KeyObject;
  /** What others verify with (RFC 7517); a secret has none. */
  readonly jwk?: JsonWebKey;
}

/** An HS256 key. The secret is at least 32 bytes (RFC 7518 §3.2). */
export function secretKey(secret: string): SigningKey {
  const key = createSecretKey(secret, 'utf8');
  // A name, not a secret. The prefix keeps this digest apart from other uses of the same one.
  const kid = createHash('sha256').update(`gatehouse kid\0${secret}`).digest('base64url').slice(0, 12);
  return { ...named(kid, 'HS256'), signWith: key, verifyWith: key };
}

/** An ES256 key, from a P-256 private key or, to verify only, a public one. */
export function ellipticKey(key: KeyObject): SigningKey {
  const verifyWith = key.type === 'private' ? createPublicKey(key) : key;
  const { kty, crv, x, y } = verifyWith.export({ format: 'jwk' });
  // RFC 7638: the required members in this order, no blanks.
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  const jwk = { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' } as JsonWebKey;
  return { ...named(kid, 'ES256'), ...(key.type === 'private' && { signWith: key }), verifyWith, jwk };
}

/** What is kept of a new key: the secret, or the private key in PEM. */
export function generateKeyMaterial(algorithm: SigningAlgorithm): string {
  if (algorithm === 'HS256') return randomBytes(48).toString('base64url');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export const keyOfMaterial = (algorithm: SigningAlgorithm, material: string): SigningKey =>
  algorithm === 'HS256' ? secretKey(material) : ellipticKey(createPrivateKey(material));

/** `claims` as a JSON Web Token (RFC 7519 §7.1), with the key's own header. */
export function signToken(key: SigningKey & { signWith: KeyObject }, claims: object): string {
  const signed = `${key.header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${signed}.${signatureOf(signed, key)}`;
}

function signatureOf(
  signed: string,
  { algorithm, signWith }: { algorithm: SigningAlgorithm; signWith: KeyObject },
): string {
  if (algorithm === 'HS256') return createHmac('sha256', signWith).update(signed).digest('base64url');
  // RFC 7518 §3.4: r and s one after the other, not in DER.
  const signature = sign('sha256', Buffer.from(signed), { key: signWith, dsaEncoding: 'ieee-p1363' });
  return canonicalSignature(signature.toString('base64url'), algorithm);
}

/** The order of P-256's base point (SEC 2 §2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * The one spelling of a signature (base64url, as in a token) that we write and accept. Of one byte string base64url has several
 * (RFC 4648 §3.5); of one ES256 signature (r, s) there is the twin (r, n − s), which anyone can make and which verifies as well:
 * ours is the one with the lower s.
 */
export function canonicalSignature(signature: string, algorithm: SigningAlgorithm): string {
  const bytes = Buffer.from(signature, 'base64url');
  if (algorithm === 'ES256' && bytes.length === 64) {
    const s = BigInt(`0x${bytes.toString('hex', 32)}`);
    if (s > ORDER / 2n && s < ORDER) bytes.write((ORDER - s).toString(16).padStart(64, '0'), 32, 'hex');
  }
  return bytes.toString('base64url');
}

function named(kid: string, algorithm: SigningAlgorithm) {
  const header = Buffer.from(JSON.stringify({ alg: algorithm, typ: 'JWT', kid })).toString('base64url');
  return { kid, algorithm, header };
}

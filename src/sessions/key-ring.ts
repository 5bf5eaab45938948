import { readFileSync } from 'node:fs';
import type { Config } from '../platform/config/config.schema.js';
import { createPrivateFile, replacePrivateFile } from '../platform/config/private-file.js';
import { ellipticKey, generateKeyMaterial, keyOfMaterial, secretKey, type SigningAlgorithm, type SigningKey } from './signing-key.js';

/** A key and its time, in epoch milliseconds. */
export interface RingKey extends SigningKey {
  /** From when on it signs, until a later one does. */
  readonly signsFrom: number;
  /** From when on its tokens are refused: the last it signed has expired. */
  readonly retiresAt: number;
}

interface StoredKey {
  algorithm: SigningAlgorithm;
  /** The secret of HS256, the private key in PEM of ES256. */
  material: string;
  /** ISO 8601. */
  signs_from: string;
}

/** How long a new key is published before it signs: what `/.well-known/jwks.json` may be cached for, and a poll. */
export const PUBLISHED_BEFORE_SIGNING_SECONDS = 660;

/** The keys that the environment gives: which of them sign and verify, the operator decides by restarting. */
export function environmentKeys(config: Config): RingKey[] {
  const always = { signsFrom: -Infinity, retiresAt: Infinity };
  const current =
    config.jwtAlgorithm === 'ES256'
      ? config.jwtPrivateKey && ellipticKey(config.jwtPrivateKey)
      : config.jwtSecret && secretKey(config.jwtSecret);
  const others = [...config.jwtPreviousSecrets.map(secretKey), ...config.jwtVerificationKeys.map(ellipticKey)];
  const verifying = others.map(({ signWith: _, ...key }) => ({ ...key, ...always }));
  // The signing key last: where one is named twice, it is the one that counts.
  return current ? [...verifying, { ...current, ...always }] : verifying;
}

/** The keys in the data directory; one of the configured algorithm is made where there is none yet. */
export function storedKeys(file: string, config: Config, now: number): RingKey[] {
  const stored = readKeys(file) ?? firstKeys(file, config);
  if (!stored.some(({ algorithm }) => algorithm === config.jwtAlgorithm)) {
    rotateKeys(file, config, now, true);
    return storedKeys(file, config, now);
  }
  return stored.map((key, i) => {
    const next = stored[i + 1];
    const lifetime = config.accessTokenTtlSeconds * 1000;
    return {
      ...keyOfMaterial(key.algorithm, key.material),
      signsFrom: Date.parse(key.signs_from),
      retiresAt: next ? Date.parse(next.signs_from) + lifetime : Infinity,
    };
  });
}

/**
 * Adds a key of the configured algorithm to `file`, to sign once every cache of public keys has seen it, or at once. Drops keys
 * that retired.
 * @returns when the new key signs, in epoch milliseconds
 */
export function rotateKeys(file: string, config: Config, now: number, atOnce: boolean): { kid: string; signsFrom: number } {
  const before = readKeys(file) ?? firstKeys(file, config);
  const signsFrom = atOnce ? now : now + PUBLISHED_BEFORE_SIGNING_SECONDS * 1000;
  const isAlive = (_: StoredKey, i: number) => {
    const next = before[i + 1];
    return !next || Date.parse(next.signs_from) + config.accessTokenTtlSeconds * 1000 > now;
  };
  const material = generateKeyMaterial(config.jwtAlgorithm);
  const added = { algorithm: config.jwtAlgorithm, material, signs_from: new Date(signsFrom).toISOString() };
  replacePrivateFile(file, serialize([...before.filter(isAlive), added]));
  return { kid: keyOfMaterial(added.algorithm, material).kid, signsFrom };
}

const serialize = (keys: StoredKey[]): string => `${JSON.stringify({ keys }, null, 2)}\n`;

function readKeys(file: string): StoredKey[] | undefined {
  try {
    const { keys } = JSON.parse(readFileSync(file, 'utf8')) as { keys: StoredKey[] };
    if (!Array.isArray(keys) || keys.length === 0) throw new Error('it holds no keys');
    return keys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`the signing keys in ${file} cannot be read: restore the file from a backup`, { cause: error });
  }
}

/** Before any rotation: the secret that the first start made, or a new ES256 key. */
function firstKeys(file: string, { jwtAlgorithm, jwtSecret }: Config): StoredKey[] {
  const signs_from = new Date(0).toISOString();
  if (jwtAlgorithm === 'HS256' && jwtSecret) return [{ algorithm: 'HS256', material: jwtSecret, signs_from }];
  const first = [{ algorithm: jwtAlgorithm, material: generateKeyMaterial(jwtAlgorithm), signs_from }];
  return createPrivateFile(file, serialize(first)) ? first : (readKeys(file) ?? first);
}

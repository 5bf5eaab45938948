import type { KeyObject } from 'node:crypto';
import { ConfigError, type Config } from '../platform/config/config.schema.js';
import { changeKeys, readKeys, type StoredKey } from './key-file.js';
import {
  ellipticKey,
  generateKeyMaterial,
  keyOfMaterial,
  secretKey,
  type SigningKey,
} from './signing-key.js';

/** A key and its time, in epoch milliseconds; without bounds where the environment gives it. */
export interface RingKey extends SigningKey {
  /** From when on it signs, until a later one does. */
  readonly signsFrom: number;
  /** From when on its tokens are refused: the last it signed has expired. */
  readonly retiresAt: number;
}

/** How long a new key is published before it signs: what `/.well-known/jwks.json` may be cached for, and a minute. */
export const PUBLISHED_BEFORE_SIGNING_SECONDS = 660;
/** How long at the least: every server on the data directory has read it by then, so that none refuses its tokens. */
export const READ_BEFORE_SIGNING_SECONDS = 5;

/**
 * Every key there is, each once; those of the data directory in the order in which they sign.
 * @throws ConfigError where the file of the stored keys cannot be used
 */
export function loadKeys(config: Config): RingKey[] {
  const { signingKeysFile } = config;
  const keys = [
    ...environmentKeys(config),
    ...(signingKeysFile ? ringOf(readKeys(signingKeysFile), config) : []),
  ];
  // Of one that is named twice the latter counts: its time, and that it signs.
  return keys.filter(({ header }, i) => i === keys.findLastIndex((each) => each.header === header));
}

/** The key that signs at `now`. Before the time of all of them, as with a clock that was set back: the first. */
export function signingKey(
  keys: readonly RingKey[],
  now: number,
): (RingKey & { signWith: KeyObject }) | undefined {
  const signers = keys.filter((key): key is RingKey & { signWith: KeyObject } => key.signWith !== undefined);
  return signers.findLast(({ signsFrom }) => signsFrom <= now) ?? signers[0];
}

/**
 * Sees to it, at a server's start, that the last key to sign is of the configured algorithm.
 * @throws ConfigError where `file` cannot be used
 */
export function prepareKeys(file: string, config: Config, now: number): void {
  const isPrepared = (keys: StoredKey[]) => keys.at(-1)?.algorithm === config.jwtAlgorithm;
  if (isPrepared(readKeys(file))) return;
  changeKeys(file, now, (before) => {
    if (isPrepared(before)) return before;
    // What has yet to sign is of the other algorithm, and never will.
    const kept = before.filter(({ signs_from }) => Date.parse(signs_from) <= now);
    if (isPrepared(kept)) return kept;
    return [...kept, newKey(config, now, kept.length > 0 ? READ_BEFORE_SIGNING_SECONDS : 0)];
  });
}

/**
 * Adds a key to the data directory, to sign once every cache of public keys has it; in haste, once every server has.
 * @returns what the new key is, and the key that signs before it
 * @throws ConfigError where `file` cannot be used, or its keys are of another algorithm
 */
export function rotateKeys(
  file: string,
  config: Config,
  now: number,
  inHaste: boolean,
): { kid: string; signsFrom: number; previous: RingKey | undefined } {
  const key = newKey(config, now, inHaste ? READ_BEFORE_SIGNING_SECONDS : PUBLISHED_BEFORE_SIGNING_SECONDS);
  const stored = changeKeys(file, now, (before) => {
    const algorithm = before.at(-1)?.algorithm ?? key.algorithm;
    if (algorithm === key.algorithm) return [...before, key];
    throw new ConfigError([
      `JWT_ALGORITHM: must be ${algorithm}, as of the keys in ${file}; to change it, restart the server with another`,
    ]);
  });
  const { kid } = keyOfMaterial(key.algorithm, key.material);
  return {
    kid,
    signsFrom: Date.parse(key.signs_from),
    previous: ringOf(stored, config)[stored.indexOf(key) - 1],
  };
}

/** What the environment gives: which of it signs and verifies, the operator decides by restarting. */
function environmentKeys(config: Config): RingKey[] {
  const always = { signsFrom: -Infinity, retiresAt: Infinity };
  const others = [
    ...config.jwtPreviousSecrets.map(secretKey),
    ...config.jwtVerificationKeys.map(ellipticKey),
  ];
  const verifying = others.map((key) => ({ ...key, signWith: undefined, ...always }));
  // Where keys are stored, one of those signs.
  if (config.signingKeysFile) return verifying;
  const current =
    config.jwtAlgorithm === 'ES256'
      ? config.jwtPrivateKey && ellipticKey(config.jwtPrivateKey)
      : config.jwtSecret && secretKey(config.jwtSecret);
  return current ? [...verifying, { ...current, ...always }] : verifying;
}

/** Each key signs until the next does, and verifies until the last it signed has expired. */
function ringOf(stored: StoredKey[], { accessTokenTtlSeconds }: Config): RingKey[] {
  return stored.map(({ algorithm, material, signs_from }, i) => {
    const next = stored[i + 1];
    return {
      ...keyOfMaterial(algorithm, material),
      signsFrom: Date.parse(signs_from),
      retiresAt: next ? Date.parse(next.signs_from) + accessTokenTtlSeconds * 1000 : Infinity,
    };
  });
}

function newKey({ jwtAlgorithm: algorithm }: Config, now: number, waitSeconds: number): StoredKey {
  const signs_from = new Date(now + waitSeconds * 1000).toISOString();
  return { algorithm, material: generateKeyMaterial(algorithm), signs_from };
}

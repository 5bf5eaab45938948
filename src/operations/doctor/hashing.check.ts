import { availableParallelism } from 'node:os';
import bcrypt from 'bcrypt';
import type { ParsedConfig } from '../../platform/config/config.schema.js';
import { findingsOf, type Finding } from './finding.js';

const hashing = findingsOf('password hashing');

/** How long one hash takes here, measured, and how many logins that makes. */
export function checkHashing({ bcryptCost }: ParsedConfig): Finding[] {
  const startedAt = performance.now();
  bcrypt.hashSync('how long does this take?', bcryptCost);
  const ms = performance.now() - startedAt;
  const logins = (availableParallelism() * 1_000) / ms;
  const found = `cost ${bcryptCost}: ${ms.toFixed(0)} ms a hash, ${logins.toFixed(0)} logins a second on ${availableParallelism()} cores`;
  if (ms > 1_000)
    return [hashing.warn(found, 'lower BCRYPT_COST, or give it faster cores: people wait that long')];
  if (bcryptCost < 10) return [hashing.warn(found, 'BCRYPT_COST below 10 is for tests')];
  return [hashing.ok(found)];
}

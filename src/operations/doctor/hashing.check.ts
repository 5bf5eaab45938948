import { availableParallelism } from 'node:os';
import { schemeOf } from '../../passwords/own-hash.cjs';
import type { ParsedConfig } from '../../platform/config/config.schema.js';
import { findingsOf, type Finding } from './finding.js';

const hashing = findingsOf('password hashing');

/** How long one hash takes here, measured, and how many logins that makes. */
export function checkHashing({ passwordHash, bcryptCost }: ParsedConfig): Finding[] {
  const scheme = schemeOf({ passwordHash, bcryptCost });
  const startedAt = performance.now();
  scheme.hash('how long does this take?');
  const ms = performance.now() - startedAt;
  const logins = (availableParallelism() * 1_000) / ms;
  const found = `${scheme.name}: ${ms.toFixed(0)} ms a hash, ${logins.toFixed(0)} logins a second on ${availableParallelism()} cores`;
  if (ms > 1_000)
    return [
      hashing.warn(
        found,
        'lower BCRYPT_COST, choose PASSWORD_HASH=argon2id, or give it faster cores: people wait that long',
      ),
    ];
  if (passwordHash === 'bcrypt' && bcryptCost < 10)
    return [hashing.warn(found, 'BCRYPT_COST below 10 is for tests')];
  return [hashing.ok(found)];
}

import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../platform/config/config.schema.js';

export interface SigningKey {
  kid: string;
  algorithm: 'HS256';
  /** A `KeyObject`, never a string: jsonwebtoken first tries to read a string as a public key, at many times the cost. */
  key: KeyObject;
  /** The one header segment that tokens of this key carry. */
  header: string;
}

/** The keys that sign and verify access tokens. */
@Injectable()
export class SigningKeysService {
  /** The key that signs. */
  readonly current: SigningKey;
  private readonly byHeader: ReadonlyMap<string, SigningKey>;

  constructor(@Inject(CONFIG) config: Config) {
    this.current = hmacKey(config.jwtSecret);
    this.byHeader = new Map([[this.current.header, this.current]]);
  }

  /**
   * The key of a token that carries this very header segment. Compared as text, nothing in it is parsed: there is no
   * `alg`, `kid`, `crit`, `jku` or `jwk` of a stranger's to be confused by (RFC 8725 §3.1, §3.10).
   */
  ofHeader(segment: string): SigningKey | undefined {
    return this.byHeader.get(segment);
  }
}

function hmacKey(secret: string): SigningKey {
  // A name, not a secret: RFC 7638 thumbprints are SHA-256 as well. The prefix keeps it apart from other uses.
  const kid = createHash('sha256').update(`gatehouse kid\0${secret}`).digest('base64url').slice(0, 12);
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid })).toString('base64url');
  return { kid, algorithm: 'HS256', key: createSecretKey(secret, 'utf8'), header };
}

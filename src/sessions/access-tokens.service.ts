import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import type { Session } from './session.entity.js';
import { canonicalSignature, signToken, type SigningKey } from './signing-key.js';
import { SigningKeysService } from './signing-keys.service.js';
import { TokenMemory } from './token-memory.js';

/** The claims of an access token. Instants are seconds since the Unix epoch (RFC 7519 §2). */
export interface AccessClaims {
  /** A number from `/api/users/auth`, the public id from `/v1`. */
  sub: number | string;
  email: string;
  role: string;
  sid: string;
  jti: string;
  iss: string;
  aud: string;
  iat: number;
  exp: number;
}

/** Who an access token speaks for. */
export interface TokenSubject {
  sub: number | string;
  email: string;
  role: string;
}

/** A worst-case token of ours has under 1 KB; what is longer is not looked at. */
const TOKEN_MAX_LENGTH = 2_048;
/** `{"` and a letter, in base64url. */
const CLAIMS_START = 'eyJ';
/** How far another machine's clock may be off. */
const LEEWAY_SECONDS = 30;

/** Issues access tokens, and decides whether one may be believed. */
@Injectable()
export class AccessTokensService {
  /** Clients send the same one again and again. */
  private readonly believed = new TokenMemory((token) => payloadOf(token) as AccessClaims);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: SigningKeysService,
    private readonly clock: Clock,
  ) {}

  /** The newest token of `session`: the same row and subject give the same claims, whoever asks and however often. */
  issue(session: Session, subject: TokenSubject): string {
    const issuedAt = Math.floor(session.refreshedAt / 1000);
    const { jwtIssuer: iss, jwtAudience: aud, accessTokenTtlSeconds } = this.config;
    // Nor past what the session's revocation is kept for: the setting may have grown since the row was written.
    const latest = Math.floor(Math.min(session.expiresAt, session.tokensExpireAt) / 1000);
    const exp = Math.min(issuedAt + accessTokenTtlSeconds, latest);
    const claims = { ...subject, sid: session.id, jti: session.tokenId, iss, aud, iat: issuedAt, exp };
    // Not the key of now: a token that is given again, while the next key takes over, is still the same.
    const token = signToken(this.keys.signingAt(session.refreshedAt), claims satisfies AccessClaims);
    this.believed.add(token);
    return token;
  }

  /** The claims of a token that was issued or verified here before and is still good, without verifying its signature again. */
  recall(token: string): AccessClaims | undefined {
    // Its key may have retired since, and it may have expired.
    if (!this.keys.ofHeader(token.slice(0, token.indexOf('.')))) return undefined;
    const claims = this.believed.recall(token);
    return claims && this.isCurrent(claims) ? claims : undefined;
  }

  /** The key to verify `token` with, or undefined where it is not in the form that we issue. */
  keyOf(token: string): SigningKey | undefined {
    if (token.length > TOKEN_MAX_LENGTH) return undefined;
    const [header, payload, signature, ...more] = token.split('.');
    if (!header || !payload || !signature || more.length > 0) return undefined;
    // Claims are an object (RFC 7519 §7.2, step 10): of a `null` jsonwebtoken would read `nbf` all the same, and throw.
    if (!payload.startsWith(CLAIMS_START) || !isCanonical(payload)) return undefined;
    const key = this.keys.ofHeader(header);
    return key && canonicalSignature(signature, key.algorithm) === signature ? key : undefined;
  }

  /** The claims of `token`, whose signature has just been verified, or undefined where they are not as we issue them. */
  accept(token: string, payload: unknown): AccessClaims | undefined {
    if (!isAccessClaims(payload) || !this.isCurrent(payload)) return undefined;
    if (payload.iss !== this.config.jwtIssuer || payload.aud !== this.config.jwtAudience) return undefined;
    this.believed.add(token);
    return payload;
  }

  /** Why `accept` refused a token whose signature was good, and whose it was where its claims are such as we issue. */
  faultOf(token: string): { reason: string; claims?: AccessClaims } {
    const payload = payloadOf(token);
    if (!isAccessClaims(payload)) return { reason: 'claims_malformed' };
    if (payload.iss !== this.config.jwtIssuer || payload.aud !== this.config.jwtAudience)
      return { reason: 'issued_elsewhere' };
    const isOver = Math.floor(this.clock.now() / 1000) >= payload.exp;
    return { reason: isOver ? 'token_expired' : 'issued_in_the_future', claims: payload };
  }

  private isCurrent({ iat, exp }: AccessClaims): boolean {
    const now = Math.floor(this.clock.now() / 1000);
    return now < exp && iat <= now + LEEWAY_SECONDS;
  }
}

/** The claims of a token in the right form, whose signature is good. */
const payloadOf = (token: string): unknown =>
  JSON.parse(
    Buffer.from(token.slice(token.indexOf('.') + 1, token.lastIndexOf('.')), 'base64url').toString(),
  );

/** One byte string has one base64url form (RFC 4648 §3.5); others of its spellings are refused. */
const isCanonical = (segment: string): boolean =>
  Buffer.from(segment, 'base64url').toString('base64url') === segment;

function isAccessClaims(value: unknown): value is AccessClaims {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const claims = value as Record<keyof AccessClaims | 'nbf', unknown>;
  // All that ours are made of; a NUL would be PostgreSQL's error 22021 where a session is looked up.
  const isText = (claim: unknown): claim is string =>
    typeof claim === 'string' && /^[\x21-\x7e]+$/.test(claim);
  const isSeconds = (claim: unknown): boolean => Number.isSafeInteger(claim) && (claim as number) < 1e11;
  return (
    (isText(claims.sub) || (Number.isSafeInteger(claims.sub) && (claims.sub as number) > 0)) &&
    [claims.email, claims.role, claims.sid, claims.jti, claims.iss, claims.aud].every(isText) &&
    isSeconds(claims.iat) &&
    isSeconds(claims.exp) &&
    // We issue none; one that says "not before" is none of ours.
    claims.nbf === undefined
  );
}

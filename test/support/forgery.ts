import { createHmac } from 'node:crypto';

/** What an attacker learns from a token of their own. */
export interface Taken {
  token: string;
  /** The three segments as they stand. */
  segments: [header: string, payload: string, signature: string];
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

export function take(token: string): Taken {
  const segments = token.split('.') as Taken['segments'];
  const [header, claims] = segments.map((segment) => Buffer.from(segment, 'base64url').toString());
  return {
    token,
    segments,
    header: JSON.parse(header ?? '') as Record<string, unknown>,
    claims: JSON.parse(claims ?? '') as Record<string, unknown>,
  };
}

/** A segment of a token: bytes, a text, or a value's JSON in base64url. */
export function segment(content: unknown): string {
  const bytes =
    typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
  return Buffer.from(bytes as string).toString('base64url');
}

/** The token of these very segments, signed by hand with `secret`. */
export function forge(header: string, payload: string, secret: string, hash = 'sha256'): string {
  const signature = createHmac(hash, secret).update(`${header}.${payload}`).digest('base64url');
  return `${header}.${payload}.${signature}`;
}

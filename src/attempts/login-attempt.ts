import { createHash } from 'node:crypto';
import { addressKey } from '../platform/http/address.js';

/** Who tries to log in, and where from. */
export interface LoginAttempt {
  /** Canonical; whether there is such an account makes no difference. */
  email: string;
  /** An IP address. */
  address: string;
  /** Whether the account has signed in from there: then only failures from there count against it. */
  isKnownAddress: boolean;
}

/** Short, and no e-mail lies around in Redis. */
export const hashOf = (email: string): string =>
  createHash('sha256').update(email).digest('base64url').slice(0, 22);

export function accountKey({ email, address, isKnownAddress }: LoginAttempt): string {
  const account = hashOf(email);
  return isKnownAddress ? `${account}@${addressKey(address)}` : account;
}

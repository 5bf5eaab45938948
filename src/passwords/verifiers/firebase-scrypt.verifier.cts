import { createCipheriv, timingSafeEqual } from 'node:crypto';
import { bytesOf, unpadded } from './base64.cjs';
import { scrypt, scryptOutOfBounds } from './scrypt.verifier.cjs';
import type { Verifier } from './verifier.cjs';

/** A user's hash as `firebase auth:export` writes it, and the parameters of the project. */
export interface FirebaseHash {
  /** Base64 of any flavour, as all three others. */
  passwordHash: string;
  salt: string;
  signerKey: string;
  saltSeparator: string;
  rounds: number;
  /** log2. */
  memCost: number;
}

/**
 * The form in which Firebase's hash is stored here. Firebase encrypts the project's signer key, AES-256 in counter mode, under a
 * key that scrypt makes of the password; what it XORs to the signer key is kept. So neither the signer key nor a way to it
 * is needed again, and none is at rest.
 */
export function firebaseScrypt(source: FirebaseHash): string {
  const signerKey = fromAnyBase64(source.signerKey);
  const keystream = fromAnyBase64(source.passwordHash).map((byte, i) => byte ^ (signerKey[i] ?? 0));
  const salt = Buffer.concat([fromAnyBase64(source.salt), fromAnyBase64(source.saltSeparator)]);
  return `$firebase-scrypt$ln=${source.memCost},r=${source.rounds},p=1$${unpadded(salt)}$${unpadded(Buffer.from(keystream))}`;
}

const fromAnyBase64 = (text: string): Buffer => Buffer.from(text, 'base64');

const form =
  /^\$firebase-scrypt\$ln=(\d{1,2}),r=(\d{1,4}),p=1\$([A-Za-z0-9+/]{0,64})\$([A-Za-z0-9+/]{43,88})$/;

/** Firebase Authentication's scrypt: `$firebase-scrypt$ln=…,r=…,p=1$salt and separator$keystream`. */
export const readFirebaseScrypt: Verifier = (stored) => {
  const [, ln, r, salt, sealed] = form.exec(stored) ?? [];
  if (salt === undefined || sealed === undefined) return undefined;
  const cost = { N: 2 ** Number(ln), r: Number(r), p: 1 };
  const keystream = bytesOf(sealed);
  return (
    scryptOutOfBounds(cost) ?? {
      kind: 'firebase-scrypt',
      verify: (password) => {
        const key = scrypt(password, bytesOf(salt), 32, cost);
        const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
        return timingSafeEqual(cipher.update(Buffer.alloc(keystream.length)), keystream);
      },
    }
  );
};

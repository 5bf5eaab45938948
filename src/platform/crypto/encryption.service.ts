import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.schema.js';

const ALGORITHM = 'aes-256-gcm';
/** NIST SP 800-38D §8.2: 96 bits, random. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface EncryptionKey {
  id: string;
  key: Buffer;
}

/**
 * Keeps secrets unreadable at rest: AES-256-GCM under the current key, decrypted under any configured one. A ciphertext is
 * `<key id>.<nonce, ciphertext and tag in base64url>`, and opens only in the context that it was made for.
 */
@Injectable()
export class EncryptionService {
  private readonly keys: readonly [EncryptionKey, ...EncryptionKey[]];

  constructor(@Inject(CONFIG) config: Config) {
    this.keys = [derive(config.encryptionKey), ...config.encryptionPreviousKeys.map(derive)];
  }

  /** `context` names what the secret belongs to; it is authenticated, not stored. */
  encrypt(plaintext: Buffer, context: string): string {
    const [{ id, key }] = this.keys;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return `${id}.${sealed.toString('base64url')}`;
  }

  /** Undefined: the key is not configured, the text was changed, or it belongs to another context. */
  decrypt(ciphertext: string, context: string): Buffer | undefined {
    const [id, sealed] = ciphertext.split('.');
    const found = this.keys.find((each) => each.id === id);
    const bytes = Buffer.from(sealed ?? '', 'base64url');
    if (!found || bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(ALGORITHM, found.key, bytes.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch {
      return undefined;
    }
  }

  /** Whether `ciphertext` was made under the key that encrypts now. */
  isCurrent(ciphertext: string): boolean {
    return ciphertext.startsWith(`${this.keys[0].id}.`);
  }
}

function derive(secret: string): EncryptionKey {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse encryption', 32));
  return { id: createHash('sha256').update(key).digest('base64url').slice(0, 8), key };
}

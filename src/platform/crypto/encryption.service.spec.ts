import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { parseConfig, type Config } from '../config/config.schema.js';
import { EncryptionService } from './encryption.service.js';

const [first, second, third] = [1, 2, 3].map(() => randomBytes(32).toString('base64url')) as [
  string,
  string,
  string,
];

const service = (key: string, ...previous: string[]): EncryptionService =>
  new EncryptionService(
    parseConfig({ ENCRYPTION_KEY: key, ENCRYPTION_PREVIOUS_KEYS: previous.join(',') }) as Config,
  );

const encryption = service(first);
const plaintext = randomBytes(20);
const sealed = (text: string) => Buffer.from(text.split('.')[1] ?? '', 'base64url');
const unsealed = (text: string, bytes: Buffer) => `${text.split('.')[0]}.${bytes.toString('base64url')}`;

describe('EncryptionService', () => {
  it.each([0, 1, 20, 4096])('gives back %i bytes', (length) => {
    const bytes = randomBytes(length);
    expect(encryption.decrypt(encryption.encrypt(bytes, 'a'), 'a')).toEqual(bytes);
  });

  it('never writes the same twice', () => {
    const texts = Array.from({ length: 1000 }, () => encryption.encrypt(plaintext, 'a'));
    expect(new Set(texts.map((text) => sealed(text).subarray(0, 12).toString('hex'))).size).toBe(1000);
  });

  it('fits a secret of 20 bytes into its column', () => {
    expect(encryption.encrypt(plaintext, 'a').length).toBeLessThanOrEqual(120);
  });

  it.each(['', 'b', 'a ', 'A', 'aa'])('opens nothing in another context: %j', (context) => {
    expect(encryption.decrypt(encryption.encrypt(plaintext, 'a'), context)).toBeUndefined();
  });

  it('opens nothing of which one bit changed: nonce, ciphertext or tag', () => {
    const text = encryption.encrypt(plaintext, 'a');
    const bytes = sealed(text);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(encryption.decrypt(unsealed(text, changed), 'a')).toBeUndefined();
    }
    expect(encryption.decrypt(unsealed(text, bytes), 'a')).toEqual(plaintext);
  });

  it('opens nothing cut short, at either end', () => {
    const text = encryption.encrypt(plaintext, 'a');
    const bytes = sealed(text);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(encryption.decrypt(unsealed(text, bytes.subarray(0, length)), 'a')).toBeUndefined();
      expect(encryption.decrypt(unsealed(text, bytes.subarray(bytes.length - length)), 'a')).toBeUndefined();
    }
    for (let length = 0; length < text.length; length += 1) {
      expect(encryption.decrypt(text.slice(0, length), 'a')).toBeUndefined();
    }
  });

  it.each(['', '.', '..', 'x', 'null', '.AAAA', 'key.', `${'A'.repeat(8)}.${'A'.repeat(64)}`, '\0', '😀.😀'])(
    'takes %j for nothing it ever wrote',
    (text) => {
      expect(encryption.decrypt(text, 'a')).toBeUndefined();
      expect(encryption.isCurrent(text)).toBe(false);
    },
  );

  it('opens nothing under a key that is not configured', () => {
    const text = service(second).encrypt(plaintext, 'a');
    expect(encryption.decrypt(text, 'a')).toBeUndefined();
    // Nor under ours where the text claims it.
    expect(
      encryption.decrypt(`${encryption.encrypt(plaintext, 'a').split('.')[0]}.${text.split('.')[1]}`, 'a'),
    ).toBeUndefined();
  });

  it('opens under any previous key, and encrypts under the current', () => {
    const rotated = service(third, second, first);
    for (const old of [first, second]) {
      const text = service(old).encrypt(plaintext, 'a');
      expect(rotated.decrypt(text, 'a')).toEqual(plaintext);
      expect(rotated.isCurrent(text)).toBe(false);
    }
    const text = rotated.encrypt(plaintext, 'a');
    expect(rotated.isCurrent(text)).toBe(true);
    expect(service(third).decrypt(text, 'a')).toEqual(plaintext);
  });

  it('derives its keys: the configured text is not the key, and the key id tells nothing of either', () => {
    const id = encryption.encrypt(plaintext, 'a').split('.')[0] ?? '';
    expect(id).toMatch(/^[\w-]{8}$/);
    expect(first).not.toContain(id);
  });
});

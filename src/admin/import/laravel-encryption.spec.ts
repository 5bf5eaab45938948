import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { laravelDecrypt, laravelKey } from './laravel-encryption.js';

interface Vector {
  cipher: string;
  app_key: string;
  secret: string;
  recovery_codes: string[];
  two_factor_secret: string;
  two_factor_recovery_codes: string;
}

const file = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url));
const vectors = JSON.parse(readFileSync(file('fortify.json'), 'utf8')) as Vector[];
const keyOf = (text: string) => [laravelKey(text) ?? Buffer.alloc(0)];

function hasPhp(): boolean {
  try {
    execFileSync('php', ['-r', 'exit(extension_loaded("openssl") ? 0 : 1);']);
    return true;
  } catch {
    process.stderr.write('php with openssl is missing: fresh vectors are skipped\n');
    return false;
  }
}

describe('laravelDecrypt', () => {
  it.each(vectors)('reads what PHP wrote by $cipher', (vector) => {
    const keys = keyOf(vector.app_key);
    expect(laravelDecrypt(vector.two_factor_secret, keys)).toBe(vector.secret);
    expect(JSON.parse(laravelDecrypt(vector.two_factor_recovery_codes, keys) ?? '')).toEqual(
      vector.recovery_codes,
    );
  });

  (hasPhp() ? it.each : it.skip.each)(['aes-256-cbc', 'aes-128-cbc', 'aes-256-gcm'])(
    'reads what PHP writes now by %s',
    (cipher) => {
      const key = randomBytes(cipher.includes('128') ? 16 : 32).toString('base64');
      const output = execFileSync('php', [file('fortify.php'), key, cipher, 'JBSWY3DPEHPK3PXP', 'a-b']);
      const written = JSON.parse(output.toString()) as Vector;
      expect(laravelDecrypt(written.two_factor_secret, keyOf(`base64:${key}`))).toBe('JBSWY3DPEHPK3PXP');
    },
  );

  const [vector] = vectors as [Vector];
  const payload = JSON.parse(Buffer.from(vector.two_factor_secret, 'base64').toString()) as Record<
    string,
    string
  >;
  const changed = (change: object) =>
    Buffer.from(JSON.stringify({ ...payload, ...change })).toString('base64');

  it.each([
    ['under another key', vector.two_factor_secret, `base64:${Buffer.alloc(32, 7).toString('base64')}`],
    ['with another mac', changed({ mac: '0'.repeat(64) }), vector.app_key],
    ['with another value', changed({ value: Buffer.alloc(32, 1).toString('base64') }), vector.app_key],
    ['without a mac', changed({ mac: null }), vector.app_key],
    ['that says it has a tag', changed({ tag: 'AAAA' }), vector.app_key],
    ['that is none', 'JBSWY3DPEHPK3PXP', vector.app_key],
  ])('refuses a text %s', (_, text, key) => {
    expect(() => laravelDecrypt(text, keyOf(key))).toThrow('cannot be decrypted');
  });

  it('tries keys from before', () => {
    const keys = [Buffer.alloc(32, 7), ...keyOf(vector.app_key)];
    expect(laravelDecrypt(vector.two_factor_secret, keys)).toBe(vector.secret);
  });

  it('takes no text for nothing, and asks for a key for anything else', () => {
    expect(laravelDecrypt('', undefined)).toBeUndefined();
    expect(() => laravelDecrypt(vector.two_factor_secret, undefined)).toThrow('APP_KEY');
  });

  it.each(['', 'base64:', 'base64:AAAA', 'x'.repeat(32), `${vector.app_key}!`])(
    'takes %j for no key',
    (text) => {
      expect(laravelKey(text)).toBeUndefined();
    },
  );
});

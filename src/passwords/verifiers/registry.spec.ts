import { createHash, pbkdf2Sync, randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import worker from '../hash.worker.cjs';
import { isWrappable } from './digest.verifier.cjs';
import { firebaseScrypt, type FirebaseHash } from './firebase-scrypt.verifier.cjs';
import { pbkdf2Phc } from './pbkdf2.verifier.cjs';
import { inspectHash, readHash } from './registry.cjs';

const own = { passwordHash: 'bcrypt', bcryptCost: 4 } as const;
const verify = (password: string, hash: string) =>
  worker.default({ kind: 'verify', password, hash, own }) as boolean;

/** github.com/firebase/scrypt, README. */
const firebase: FirebaseHash = {
  signerKey: 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
  saltSeparator: 'Bw==',
  rounds: 8,
  memCost: 14,
  salt: '42xEC+ixf3L2lw==',
  passwordHash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
};
const hello = 'Hello world!';
const ours = 'mySecur€Password!';
const drepper = 'a very much longer text to encrypt.  This one even stretches over morethan one line.';
const rfc7914 =
  '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887';
const unpadded = (text: string, encoding: BufferEncoding) =>
  Buffer.from(text, encoding).toString('base64').replaceAll('=', '');

/** None of them made by code of ours. */
const vectors: [kind: string, password: string, hash: string, source: string][] = [
  ['bcrypt', 'U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'crypt_blowfish'],
  ['bcrypt', 'a'.repeat(80), '$2y$04$nrATE4vi8KRyZWTAlGhp5uzQM5QS.SyVVDH8cYLgfkUSCABoPzgmq', 'PHP 8.2'],
  ['bcrypt', ours, 'bcrypt$$2b$12$MNLCF4k6sx6zZh7ZIPV5SeP51.2KiuaKQoluIN9TyhDMWhaT/mxQy', 'Django 5.2'],
  [
    'bcrypt-sha256-django',
    ours,
    'bcrypt_sha256$$2b$12$oDqFTBbHVMXqINt.f5JFLe9HZrR7jowT.xplDPJ.0kTCBN2JgHwh6',
    'Django 5.2',
  ],
  [
    'argon2i',
    'password',
    '$argon2i$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ',
    'phc-winner-argon2',
  ],
  [
    'argon2i',
    'password',
    '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
    'phc-winner-argon2',
  ],
  [
    'argon2id',
    'password',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    'phc-winner-argon2',
  ],
  [
    'argon2id',
    ours,
    '$argon2id$v=19$m=1024,t=2,p=1$eGZ3SHF6dVYuUDA1aW1tZA$hk0EPmc7ySRQICV0yfT2+LO5T7hLsTK6qWQMliDRUBk',
    'PHP 8.2',
  ],
  [
    'argon2id',
    ours,
    'argon2$argon2id$v=19$m=102400,t=2,p=8$MTZiR0NsQXJ4SEVmU2xHOWx3SzF6Sg$Z628j9oRI3RJuclRQGXXalYiQaBseC7h9TTtAb0Y8e4',
    'Django 5.2',
  ],
  [
    'scrypt',
    'pleaseletmein',
    `$scrypt$ln=14,r=8,p=1$${unpadded('SodiumChloride', 'latin1')}$${unpadded(rfc7914, 'hex')}`,
    'RFC 7914 §12',
  ],
  [
    'scrypt',
    ours,
    '$scrypt$ln=16,r=8,p=1$zXmPUaqVMoaQ0jpnDGFsLQ$Qhn/PPRd0J8hG4Flaqoh6vPL+EZPUQhIvXedCJKoGYM',
    'passlib 1.7',
  ],
  [
    'scrypt',
    ours,
    'scrypt$16384$FGlMc4LqOJrmvGdUCngkSF$8$5$blZm1xlovFXAkkB6Ha/7baJFYMRU+xsMwIAWtEpa4T2LuneB2fRa91b9PAzR8zA6SAXOVkTOEeOnhWRTXAjglQ==',
    'Django 5.2',
  ],
  ['firebase-scrypt', 'user1password', firebaseScrypt(firebase), 'firebase/scrypt'],
  [
    'pbkdf2-sha1',
    'password',
    `$pbkdf2-sha1$i=4096$${unpadded('salt', 'latin1')}$${unpadded('4b007901b765489abead49d926f721d065a429c1', 'hex')}`,
    'RFC 6070',
  ],
  ['pbkdf2-sha1', ours, '$pbkdf2$131000$0vqfs9a6F8JY6/3/X4vRug$VWawuTOEIXWVIdUGNhDgVma8754', 'passlib 1.7'],
  [
    'pbkdf2-sha256',
    ours,
    '$pbkdf2-sha256$29000$1ZrzPqeUEoJQ6p1zTgnhPA$kzcXoNS/VXG1/GrjQCKu74xXQUjEwbAiGgzCJJnlo2k',
    'passlib 1.7',
  ],
  [
    'pbkdf2-sha512',
    ours,
    '$pbkdf2-sha512$25000$MmbsPed8z9k7p9R6790bIw$XSxrNFFduOjvtTN2oGMZjymy/jQwTD2pGuQiYNG4Pk0TUGTsq22O8VNJikXjVcej317yIIp66FjmJX697SDf/Q',
    'passlib 1.7',
  ],
  [
    'pbkdf2-sha256-django',
    ours,
    'pbkdf2_sha256$1000000$spivT2EPmiO4GiRBwTQPOo$OvMwoxM797rJW44+VqVjg0H4tL6jW+A6+AaBz4anp7M=',
    'Django 5.2',
  ],
  [
    'pbkdf2-sha1-django',
    ours,
    'pbkdf2_sha1$1000000$Efy9YZK11uJuNnQaUVXAFL$FsKsnoUU75RnT23Jz8TMJR306uA=',
    'Django 5.2',
  ],
  ['phpass', 'test12345', '$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0', 'phpass'],
  ['phpass', '123456', '$H$9PE8jEklgZhgLmZl5.HYJAzfGCQtzi1', 'phpBB'],
  ['crypt-sha256', hello, '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'SHA-crypt.txt'],
  [
    'crypt-sha256',
    hello,
    '$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA',
    'SHA-crypt.txt',
  ],
  [
    'crypt-sha256',
    drepper,
    '$5$rounds=1400$anotherlongsalts$Rx.j8H.h8HjEDGomFU8bDkXm3XIUnzyxf12oP84Bnq1',
    'SHA-crypt.txt',
  ],
  [
    'crypt-sha512',
    'a',
    '$6$rounds=1000$$hETGMQQ5sXu1md3PrmRCM4AxTgbNpYQaIhk4xQzvCiNfeogfCR9PZGSRXghUOxMAPFU2wuz/ZLafIHrHopO.60',
    'musl',
  ],
  ['crypt-md5', ours, '$1$sOAQCh2J$iPTejDH1gozhcF6CXeGmw0', 'passlib 1.7'],
  ['crypt-md5', ours, '{CRYPT}$1$sOAQCh2J$iPTejDH1gozhcF6CXeGmw0', 'passlib 1.7'],
  ['crypt-apr1', ours, '$apr1$6N0X6cRA$KBOTexS1NIEEdO57EhwDV0', 'passlib 1.7'],
  ['ldap-sha', ours, '{SHA}e1G2+nT24M5Z/jm7qfGNZv7Meb0=', 'passlib 1.7'],
  ['ldap-ssha256', ours, '{SSHA256}p7BxuWpeCW4lS1hdtF6JeCgMvm4l0scOMF1Z/AmDSjvGOIcQghBiTA==', 'passlib 1.7'],
  [
    'ldap-ssha512',
    ours,
    '{SSHA512}xnVNnxNm9psWDxrVgxEtSB6/be3NqfETIgyyyZS5L/R5rmkUD7RsBBbCOWq2dIYV4KLRhwa/LjliJtn+tZmlwYmR0lorpTSG',
    'passlib 1.7',
  ],
  ['md5-salted', ours, 'md5$45qjAH6s0jqeUTK5BTOyaG$8198ab39dd88031cab07b8f9301dc54c', 'Django 5.2'],
  ['md5', 'abc', '900150983cd24fb0d6963f7d28e17f72', 'RFC 1321 A.5'],
  ['sha1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d', 'RFC 3174'],
  ['sha256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'RFC 6234'],
];

describe('a hash made elsewhere', () => {
  it.each(vectors)('%s: lets in with %j and no other by %s, of %s', (kind, password, hash) => {
    expect(inspectHash(hash)).toEqual({ kind });
    expect(verify(password, hash)).toBe(true);
    expect(verify(`X${password.slice(1)}`, hash)).toBe(false);
  });

  it('of PHP is compared by 72 bytes, as PHP does; of others a longer password is wrong', () => {
    const php = '$2y$04$nrATE4vi8KRyZWTAlGhp5uzQM5QS.SyVVDH8cYLgfkUSCABoPzgmq';
    expect(['a'.repeat(72), 'a'.repeat(73)].map((each) => verify(each, php))).toEqual([true, true]);
    expect(verify('a'.repeat(71), php)).toBe(false);
    const other = php.replace('$2y$', '$2b$');
    expect(['a'.repeat(72), 'a'.repeat(73)].map((each) => verify(each, other))).toEqual([true, false]);
  });

  it('of a digest that reads all of a password tells the 73rd byte, and up to 256', () => {
    const hash = (length: number) => createHash('sha256').update('a'.repeat(length)).digest('hex');
    expect(verify('a'.repeat(73), hash(72))).toBe(false);
    expect(verify('a'.repeat(256), hash(256))).toBe(true);
    expect(verify('a'.repeat(257), hash(257))).toBe(false);
  });

  it('of Keycloak is stored as a PHC string', () => {
    const salt = Buffer.from('0123456789abcdef');
    // Two blocks of SHA-256, as Keycloak had it until version 24.
    const hash = pbkdf2Sync(ours, salt, 27_500, 64, 'sha256');
    const stored = pbkdf2Phc({ digest: 'sha256', iterations: 27_500, salt, hash });
    expect(stored).toMatch(/^\$pbkdf2-sha256\$i=27500\$MDEyMzQ1Njc4OWFiY2RlZg\$[A-Za-z0-9+/]{86}$/);
    expect([verify(ours, stored), verify('x', stored)]).toEqual([true, false]);
  });

  it('of Firebase is stored without the signer key', () => {
    const stored = firebaseScrypt(firebase);
    expect(stored).not.toContain(firebase.passwordHash.slice(0, 10));
    expect(stored).not.toContain(firebase.signerKey.slice(0, 10));
    const another = firebaseScrypt({ ...firebase, signerKey: firebase.signerKey.replace('j', 'k') });
    expect(verify('user1password', another)).toBe(false);
  });
});

describe('a fast hash', () => {
  const fast = vectors.filter(([kind]) => isWrappable(kind));

  it('is one round of MD5 or SHA, and nothing else', () => {
    expect(new Set(fast.map(([kind]) => kind))).toEqual(
      new Set(['ldap-sha', 'ldap-ssha256', 'ldap-ssha512', 'md5-salted', 'md5', 'sha1', 'sha256']),
    );
  });

  it.each(fast)(
    '%s with %j is worth no more in the table once bcrypt is put over it: %s',
    (_, password, hash) => {
      const stored = worker.default({ kind: 'wrap', hash, own }) as string;
      const digits = /[0-9a-f]{32,}$|[A-Za-z0-9+/]{27,}=*$/.exec(hash)?.[0] ?? '';
      expect(digits).not.toBe('');
      expect(stored).not.toContain(digits);
      expect(inspectHash(stored)).toEqual({ kind: expect.stringMatching(/^wrapped-(md5|sha\d+)$/) });
      expect(verify(password, stored)).toBe(true);
      expect(verify(`${password}x`, stored)).toBe(false);
      // Nor does the old hash let in by itself.
      expect(verify(hash, stored)).toBe(false);
    },
  );

  it('is readable once wrapped, however long its salt is', () => {
    const hash = `sha512$${'~'.repeat(86)}$${'0'.repeat(128)}`;
    expect(inspectHash(worker.default({ kind: 'wrap', hash, own }) as string)).toEqual({
      kind: 'wrapped-sha512',
    });
  });

  it('is all that can be wrapped', () => {
    for (const [, , hash] of vectors.filter(([kind]) => !isWrappable(kind)))
      expect(() => worker.default({ kind: 'wrap', hash, own })).toThrow(RangeError);
  });
});

describe('what is no hash', () => {
  it.each([
    '',
    ' ',
    'plain text',
    '$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e',
    '$argon2d$v=19$m=8,t=1,p=1$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA',
    '$argon2id$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ',
    'scrypt$16383$salt$8$1$blZm1xlovFXAkkB6Ha/7baJFYMRU+xsMwIAWtEpa4T2LuneB2fRa91b9PAzR8zA6SAXOVkTOEeOnhWRTXAjglQ==',
    '{SSHA}e1G2+nT24M5Z/jm7qfGNZv7Meb0=',
    '{CLEARTEXT}secret',
    `$wrapped$sha256$$$2b$10$${'A'.repeat(400)}`,
    `sha1$${'é'.repeat(86)}$${'0'.repeat(40)}`,
  ])('is refused without repeating it: %j', (stored) => {
    const seen = inspectHash(stored);
    expect(seen).toEqual({ refusal: expect.stringMatching(/^The hash.*\.$/) });
    if (stored.trim()) expect(JSON.stringify(seen)).not.toContain(stored.slice(0, 12));
    expect(verify('', stored)).toBe(false);
  });

  it('never throws: 1,000 hashes changed at random', () => {
    const seeds = vectors.map(([, , hash]) => hash);
    const alphabet = '$=,./+{}0123456789abcdefABCDEF\n\0é';
    let readable = 0;
    for (let i = 0; i < 1_000; i += 1) {
      const characters = [...(seeds[i % seeds.length] ?? '')];
      for (let changes = randomInt(1, 4); changes > 0; changes -= 1)
        characters.splice(
          randomInt(characters.length),
          randomInt(2),
          ...(randomInt(3) ? [alphabet.charAt(randomInt(alphabet.length))] : []),
        );
      const stored = characters.join('');
      const reading = readHash(stored);
      if ('refusal' in reading) continue;
      readable += 1;
      if (isCheap(stored)) expect(verify('no such password', stored)).toBe(false);
    }
    // Else nothing was tried but the forms.
    expect(readable).toBeGreaterThan(100);
  });
});

/** So that a thousand of them are tried within seconds. */
const isCheap = (stored: string): boolean => !/\d{5}|\$(?:0[89]|1\d)\$|ln=1[5-9]|^\$[PH]\$[C-Z]/.test(stored);

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { inspectHash, readHash } from './registry.cjs';

const passwords = ['mySecur€Password!', randomBytes(36).toString('hex'), '~'];
/** Stands for the password in the arguments of what does not read it. */
const PASSWORD = '<password>';

/** The kind of a hash, and with which arguments it is printed; the password is on the standard input. */
type Recipe = [kind: string, ...args: string[]];
interface Software {
  program: string;
  /** Debian's. */
  packageName: string;
  recipes: Recipe[];
}

const php = (kind: string, code: string): Recipe => [
  kind,
  '-r',
  `$p = stream_get_contents(STDIN); $s = random_bytes(16); echo ${code};`,
];
/** In Django's form, of Python's `code`, which gives bytes. */
const python = (kind: string, form: string, code: string): Recipe => [
  kind,
  '-c',
  `import base64, hashlib, sys; p = sys.stdin.buffer.read(); print('${form}' + ${code})`,
];
const base64 = (code: string) => `base64.b64encode(${code}).decode()`;
const argon2 = (kind: string, ...args: string[]): Recipe => [kind, 'some salt', ...args, '-e'];
const slappasswd = (kind: string, scheme: string, ...args: string[]): Recipe => [
  kind,
  '-o',
  'module-load=pw-sha2',
  '-h',
  `{${scheme}}`,
  ...args,
  '-s',
  PASSWORD,
];
const mkpasswd = (kind: string, method: string, ...args: string[]): Recipe => [
  kind,
  '-s',
  '-m',
  method,
  ...args,
];
const htpasswd = (kind: string, ...args: string[]): Recipe => [kind, '-n', '-i', ...args, 'user'];

const originals: Software[] = [
  {
    program: 'php',
    packageName: 'php-cli',
    recipes: [
      php('bcrypt', "password_hash($p, PASSWORD_BCRYPT, ['cost' => 5])"),
      php('argon2i', "password_hash($p, PASSWORD_ARGON2I, ['memory_cost' => 1024])"),
      php('argon2id', 'password_hash($p, PASSWORD_ARGON2ID)'),
      php('argon2id', 'sodium_crypto_pwhash_str($p, 2, 1 << 26)'),
      php(
        'pbkdf2-sha512-django',
        "'pbkdf2_sha512$1500$salt$' . base64_encode(hash_pbkdf2('sha512', $p, 'salt', 1500, 0, true))",
      ),
      php('crypt-md5', "crypt($p, '$1$' . bin2hex(substr($s, 0, 4)) . '$')"),
      php('crypt-sha256', "crypt($p, '$5$rounds=2000$' . bin2hex(substr($s, 0, 8)) . '$')"),
      php('crypt-sha512', "crypt($p, '$6$' . bin2hex(substr($s, 0, 3)) . '$')"),
      php('md5', 'md5($p)'),
      php('sha512', "hash('sha512', $p)"),
      php('sha1-salted', "'sha1$' . bin2hex($s) . '$' . sha1(bin2hex($s) . $p)"),
    ],
  },
  {
    program: 'python3',
    packageName: 'python3',
    recipes: [
      python(
        'pbkdf2-sha256-django',
        'pbkdf2_sha256$1200$abc$',
        base64("hashlib.pbkdf2_hmac('sha256', p, b'abc', 1200)"),
      ),
      python(
        'pbkdf2-sha1-django',
        'pbkdf2_sha1$1200$abc$',
        base64("hashlib.pbkdf2_hmac('sha1', p, b'abc', 1200)"),
      ),
      python(
        'scrypt',
        'scrypt$1024$abc$8$5$',
        base64("hashlib.scrypt(p, salt=b'abc', n=1024, r=8, p=5, dklen=64)"),
      ),
      python('md5-salted', 'md5$abc$', "hashlib.md5(b'abc' + p).hexdigest()"),
    ],
  },
  {
    program: 'argon2',
    packageName: 'argon2',
    recipes: [
      argon2('argon2id', '-id', '-t', '2', '-k', '19456', '-p', '1'),
      argon2('argon2id', '-id', '-t', '3', '-m', '10', '-p', '4', '-l', '64'),
      argon2('argon2i', '-i', '-v', '10'),
    ],
  },
  {
    program: 'slappasswd',
    packageName: 'slapd',
    recipes: [
      slappasswd('ldap-sha', 'SHA'),
      slappasswd('ldap-ssha', 'SSHA'),
      slappasswd('ldap-md5', 'MD5'),
      slappasswd('ldap-smd5', 'SMD5'),
      slappasswd('ldap-sha256', 'SHA256'),
      slappasswd('ldap-ssha256', 'SSHA256'),
      slappasswd('ldap-ssha384', 'SSHA384'),
      slappasswd('ldap-ssha512', 'SSHA512'),
      slappasswd('crypt-sha512', 'CRYPT', '-c', '$6$%.16s'),
    ],
  },
  {
    program: 'mkpasswd',
    packageName: 'whois',
    recipes: [
      mkpasswd('crypt-sha512', 'sha512crypt'),
      mkpasswd('crypt-sha256', 'sha256crypt', '-R', '1234'),
      mkpasswd('crypt-md5', 'md5crypt'),
      mkpasswd('bcrypt', 'bcrypt', '-R', '4'),
      mkpasswd('bcrypt', 'bcrypt-a', '-R', '5'),
    ],
  },
  {
    program: 'htpasswd',
    packageName: 'apache2-utils',
    recipes: [
      htpasswd('crypt-apr1', '-m'),
      htpasswd('bcrypt', '-B'),
      htpasswd('crypt-sha256', '-2'),
      htpasswd('crypt-sha512', '-5', '-r', '3000'),
      htpasswd('ldap-sha', '-s'),
    ],
  },
];

describe.each(originals)('$program', ({ program, packageName, recipes }) => {
  const isInstalled = spawnSync(program, ['--help']).error === undefined;
  if (!isInstalled)
    process.stderr.write(
      `${program} is not installed: its tests are skipped (apt-get install ${packageName})\n`,
    );

  (isInstalled ? it : it.skip).each(recipes)(
    'makes hashes of the kind %s, which we verify',
    (kind, ...args) => {
      for (const password of passwords) {
        const { status, stdout, stderr } = spawnSync(
          program,
          args.map((arg) => (arg === PASSWORD ? password : arg)),
          { input: password, encoding: 'utf8' },
        );
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        const hash = stdout.trim().replace(/^user:/, '');
        expect(inspectHash(hash)).toEqual({ kind });
        const reading = readHash(hash);
        if ('refusal' in reading) throw new Error(reading.refusal);
        expect(reading.verify(Buffer.from(password))).toBe(true);
        expect(reading.verify(Buffer.from(`${password.slice(0, -1)}!?`))).toBe(false);
      }
    },
  );
});

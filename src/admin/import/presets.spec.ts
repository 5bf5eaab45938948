import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { readHash } from '../../passwords/verifiers/registry.cjs';
import { firebaseParametersIn } from './firebase-parameters.js';
import { candidateOf, type Candidate } from './candidate.js';
import { presets } from './presets.js';
import { Refusal } from './row.js';
import { formatOf, rowsOf } from './rows.reader.js';
import type { System } from './system.js';

const now = Date.parse('2026-11-22T00:00:00Z');
const created = Date.parse('2020-02-03T04:05:06Z');
const BCRYPT = '$2y$10$N/11vJvesE5gFtfAjY1IyOZqaX0JO4Fdq1cyB5roQPAcF.n9tcAGy';

async function read(
  system: System,
  file: string,
  text: string,
  keys = {},
): Promise<(Partial<Candidate> | string)[]> {
  const preset = presets[system];
  const reading = {
    preset,
    map: new Map<never, never>(),
    acceptUnverified: false,
    unconfirmed: undefined,
    keys: { roles: ['client', 'editor', 'admin'], now, ...keys },
  };
  const rows = rowsOf(Readable.from([Buffer.from(text)]), {
    format: formatOf(file, preset),
    separator: ',',
    preset,
  });
  const read: (Partial<Candidate> | string)[] = [];
  for await (const some of rows) {
    for (const { fields, fault = '' } of some) {
      try {
        read.push(fields ? candidateOf(fields, reading) : fault);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        read.push(error.message);
      }
    }
  }
  return read;
}

describe('symfony', () => {
  it('takes the highest role that we have, and base32 secrets', async () => {
    const table = [
      'id,email,roles,password,is_verified,totp_secret,backup_codes',
      `7,a@example.com,"[""ROLE_USER"",""ROLE_ADMIN""]",${BCRYPT},1,GEZDGNBVGY3TQOJQ,"[""abcdefghijklmnop""]"`,
      `8,b@example.com,"[""ROLE_EDITOR""]",${BCRYPT},1,,`,
      `9,c@example.com,[],${BCRYPT},0,,`,
    ].join('\n');
    expect(await read('symfony', 'user.csv', table)).toMatchObject([
      {
        id: 7,
        role: 'admin',
        kind: 'bcrypt',
        secret: Buffer.from('1234567890'),
        recoveryCodes: ['abcdefghijklmnop'],
      },
      { id: 8, role: 'editor' },
      expect.stringContaining('never verified'),
    ]);
  });
});

describe('django', () => {
  const hash = 'pbkdf2_sha256$600000$salt$LlFR8zSJpLq5dZ6YyYVmCyY1rkJh1ZqFmJg4pbBgu0U=';

  it('reads the table, in PostgreSQL’s way to write yes and no', async () => {
    const table = [
      'id,password,last_login,is_superuser,username,email,is_staff,is_active,date_joined',
      `1,${hash},,t,a,a@example.com,t,t,2020-02-03 04:05:06+00`,
      `2,!unusable,,f,b,b@example.com,f,f,2020-02-03 06:05:06.789+02:00`,
    ].join('\n');
    expect(await read('django', 'auth_user.csv', table)).toMatchObject([
      { id: 1, role: 'admin', disabled: false, kind: 'pbkdf2-sha256-django', createdAt: created },
      { id: 2, role: undefined, disabled: true, kind: 'none', createdAt: created + 789 },
    ]);
  });

  it('reads dumpdata', async () => {
    const fields = { email: 'a@example.com', password: hash, is_superuser: false, is_active: true };
    const dump = JSON.stringify([{ model: 'auth.user', pk: 5, fields }]);
    expect(await read('django', 'dump.json', dump)).toMatchObject([
      { id: 5, email: 'a@example.com', disabled: false },
    ]);
  });
});

describe('keycloak', () => {
  const secret = 'JCPUi2TFlmzZvW0mPGTS';
  const user = (credentials: object[], more = {}) => ({
    id: 'b6f4f8c1-0000-4000-8000-000000000000',
    createdTimestamp: created,
    email: 'a@example.com',
    emailVerified: true,
    enabled: true,
    realmRoles: ['default-roles-x', 'editor'],
    credentials,
    ...more,
  });
  const credential = (type: string, secretData: object, credentialData: object) => ({
    type,
    secretData: JSON.stringify(secretData),
    credentialData: JSON.stringify(credentialData),
  });
  const salt = Buffer.alloc(16, 1).toString('base64');
  const hash = (bytes: number) => Buffer.alloc(bytes, 2).toString('base64');
  const realm = (...users: object[]) => JSON.stringify({ realm: 'x', roles: { users: [] }, users });

  it('makes PHC strings of its hashes, and takes a secret’s text for the key itself', async () => {
    const password = credential(
      'password',
      { value: hash(64), salt },
      { hashIterations: 27_500, algorithm: 'pbkdf2-sha256' },
    );
    const otp = credential(
      'otp',
      { value: secret },
      { subType: 'totp', digits: 6, period: 30, algorithm: 'HmacSHA1' },
    );
    const argon2 = credential(
      'password',
      { value: hash(32), salt },
      {
        hashIterations: 5,
        algorithm: 'argon2',
        additionalParameters: { memory: ['7168'], parallelism: ['1'], type: ['id'], version: ['1.3'] },
      },
    );
    const rows = await read(
      'keycloak',
      'realm.json',
      realm(user([password, otp]), user([argon2], { enabled: false })),
    );
    expect(rows).toMatchObject([
      {
        kind: 'pbkdf2-sha256',
        role: 'editor',
        createdAt: created,
        secret: Buffer.from(secret),
        disabled: false,
      },
      { kind: 'argon2id', disabled: true, secret: undefined },
    ]);
  });

  it('refuses what it cannot keep', async () => {
    const md5 = credential('password', { value: hash(16), salt }, { hashIterations: 1, algorithm: 'md5' });
    const eight = credential(
      'otp',
      { value: secret },
      { subType: 'totp', digits: 8, period: 30, algorithm: 'HmacSHA1' },
    );
    const hotp = credential(
      'otp',
      { value: secret },
      { subType: 'hotp', digits: 6, counter: 1, algorithm: 'HmacSHA1' },
    );
    expect(await read('keycloak', 'realm.json', realm(user([md5]), user([eight]), user([hotp])))).toEqual([
      expect.stringContaining('algorithm that is not taken'),
      expect.stringContaining('6 digits'),
      expect.stringContaining('none of TOTP'),
    ]);
  });
});

describe('auth0', () => {
  it('reads both of its forms, whatever the file is called', async () => {
    const lines = [
      {
        email: 'a@example.com',
        email_verified: true,
        passwordHash: BCRYPT,
        created_at: { $date: '2020-02-03T04:05:06.000Z' },
      },
      {
        email: 'b@example.com',
        email_verified: true,
        custom_password_hash: { algorithm: 'bcrypt', hash: { value: BCRYPT } },
        blocked: true,
      },
      {
        email: 'c@example.com',
        email_verified: true,
        custom_password_hash: { algorithm: 'md5', hash: { value: 'x' }, salt: { value: 'y' } },
      },
      {
        email: 'd@example.com',
        email_verified: true,
        mfa_factors: [{ phone: { value: '1' } }, { totp: { secret: 'GEZDGNBVGY3TQOJQ' } }],
      },
      { email: 'e@example.com', email_verified: false },
    ];
    const expected = [
      { kind: 'bcrypt', createdAt: created },
      { kind: 'bcrypt', disabled: true },
      expect.stringContaining('custom_password_hash'),
      { kind: 'none', secret: Buffer.from('1234567890') },
      expect.stringContaining('never verified'),
    ];
    const ndjson = lines.map((line) => JSON.stringify(line)).join('\n');
    expect(await read('auth0', 'export.json', ndjson)).toMatchObject(expected);
    expect(await read('auth0', 'import.json', ` ${JSON.stringify(lines)}`)).toMatchObject(expected);
  });
});

describe('firebase', () => {
  // The example that is published with Firebase's scrypt: github.com/firebase/scrypt, README.
  const parameters = `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}`;
  const user = {
    localId: 'x',
    email: 'a@example.com',
    emailVerified: true,
    passwordHash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
    salt: '42xEC+ixf3L2lw==',
    createdAt: String(created),
    customAttributes: '{"role":"editor"}',
  };

  it('makes a hash of its own and the project’s parameters by which the published password is right', async () => {
    const keys = { firebase: firebaseParametersIn(parameters) };
    const [row] = (await read('firebase', 'users.json', JSON.stringify({ users: [user] }), keys)) as [
      Candidate,
    ];
    expect(row).toMatchObject({ kind: 'firebase-scrypt', role: 'editor', createdAt: created });
    const hash = readHash(row.passwordHash ?? '');
    expect('verify' in hash && hash.verify(Buffer.from('user1password'))).toBe(true);
    expect('verify' in hash && hash.verify(Buffer.from('user2password'))).toBe(false);
  });

  it('asks for the parameters, in either way to write them', async () => {
    expect(await read('firebase', 'users.json', JSON.stringify({ users: [user] }))).toEqual([
      expect.stringContaining('hash parameters'),
    ]);
    const json = JSON.stringify({
      base64_signer_key: 'AA==',
      base64_salt_separator: 'Bw==',
      rounds: 8,
      mem_cost: 14,
    });
    expect(firebaseParametersIn(json)).toEqual({
      signerKey: 'AA==',
      saltSeparator: 'Bw==',
      rounds: 8,
      memCost: 14,
    });
    expect(firebaseParametersIn('rounds: 8')).toBeUndefined();
  });
});

describe('supabase', () => {
  it('takes no role of PostgreSQL for ours, and whoever is banned or deleted for disabled', async () => {
    const table = [
      'id,email,role,encrypted_password,email_confirmed_at,banned_until,deleted_at,raw_app_meta_data,created_at',
      `b6f4,a@example.com,authenticated,$2a$10$N/11vJvesE5gFtfAjY1IyOZqaX0JO4Fdq1cyB5roQPAcF.n9tcAGy,2020-02-03 04:05:06.123456+00,,,"{""role"":""editor""}",2020-02-03 04:05:06+00`,
      'b6f5,b@example.com,authenticated,,2020-02-03 04:05:06+00,2999-01-01 00:00:00+00,,{},2020-02-03 04:05:06+00',
      'b6f6,c@example.com,authenticated,,2020-02-03 04:05:06+00,2021-01-01 00:00:00+00,,{},2020-02-03 04:05:06+00',
      'b6f7,d@example.com,authenticated,,,,,{},2020-02-03 04:05:06+00',
    ].join('\n');
    expect(await read('supabase', 'users.csv', table)).toMatchObject([
      { kind: 'bcrypt', role: 'editor', id: undefined, createdAt: created, disabled: false },
      { disabled: true },
      { disabled: false },
      expect.stringContaining('never verified'),
    ]);
  });
});

describe('a secret in base32', () => {
  it.each([
    'GEZDGNBVGY3TQOJQ',
    'gezd gnbv gy3t qojq',
    'GEZDGNBVGY3TQOJQ====',
    'otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&period=30&digits=6&algorithm=SHA1',
  ])('is read as %s', async (text) => {
    const line = JSON.stringify({ email: 'a@example.com', two_factor_secret: text });
    expect(await read('generic', 'x.jsonl', line)).toMatchObject([{ secret: Buffer.from('1234567890') }]);
  });
});

describe('a date', () => {
  it.each([
    ['2020-02-03 04:05:06', created],
    ['2024-02-29T00:00:00+02:00', Date.parse('2024-02-28T22:00:00Z')],
  ])('is read: %s', async (text, createdAt) => {
    const line = JSON.stringify({ email: 'a@example.com', created_at: text });
    expect(await read('generic', 'x.jsonl', line)).toMatchObject([{ createdAt }]);
  });

  it.each(['2026-02-31', '2026-02-31 04:05:06', '2023-02-29T00:00:00+02:00', '0000-00-00 00:00:00'])(
    'is none: %s',
    async (text) => {
      const line = JSON.stringify({ email: 'a@example.com', created_at: text });
      expect(await read('generic', 'x.jsonl', line)).toEqual(['created_at is no date']);
    },
  );
});

describe('what is not of the shape that its system writes', () => {
  const email = 'a@example.com';
  it.each<[System, object]>([
    ['keycloak', { credentials: [null, 5] }],
    ['keycloak', { credentials: { type: 'password' } }],
    [
      'keycloak',
      {
        credentials: [
          {
            type: 'password',
            secretData: { salt: 'AAAAAAAAAAAAAAAAAAAAAA==', value: 'AAAAAAAAAAAAAAAAAAAAAA==' },
            credentialData: {
              algorithm: 'argon2',
              hashIterations: 1,
              additionalParameters: { memory: 7168 },
            },
          },
        ],
      },
    ],
    ['auth0', { mfa_factors: [null, 5, { totp: null }] }],
    ['auth0', { app_metadata: null, custom_password_hash: 5 }],
    ['supabase', { raw_app_meta_data: 'null', email_confirmed_at: created }],
    ['firebase', { customAttributes: 'null' }],
    ['django', { fields: null }],
  ])('costs nobody else their account: %s, %j', async (system, row) => {
    const verified = { emailVerified: true, email_verified: true };
    const rows = [
      { email, ...verified, ...row },
      { email: 'b@example.com', ...verified, email_confirmed_at: created },
    ];
    expect(await read(system, 'users.json', JSON.stringify(rows))).toMatchObject([
      { email },
      { email: 'b@example.com' },
    ]);
  });
});

import { expect } from '@jest/globals';
import { Secret, TOTP } from 'otpauth';
import { TwoFactorService } from '../../src/two-factor/two-factor.service.js';
import { PASSWORD, type TestApp } from './app.js';
import { bearer, login, post, type Answer } from './http.js';

/** Both ways to log in. */
export const LOGIN_PATHS = ['/v1/login', '/api/users/auth'] as const;

/** A request id, everywhere but at the refresh route. */
export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const STEP_MS = 30_000;

/** An authenticator app: another library's arithmetic, so that ours is never asked about itself. */
export class Authenticator {
  private readonly totp: TOTP;

  /** `secret`: in base32. */
  constructor(readonly secret: string) {
    this.totp = new TOTP({ secret: Secret.fromBase32(secret) });
  }

  /** What it shows `steps` of 30 s after `now` (epoch milliseconds). */
  code(now: number, steps = 0): string {
    return this.totp.generate({ timestamp: now + steps * STEP_MS });
  }

  /** Whether no two codes near `now` are the same: one in 600 secrets would make a test see a wrong code accepted. */
  isUnambiguous(now: number): boolean {
    const codes = this.near(now);
    return new Set(codes).size === codes.length;
  }

  /** `count` different well-formed codes, none of them shown anywhere near `now`. */
  wrongCodes(now: number, count: number): string[] {
    const shown = this.near(now);
    const codes = Array.from({ length: count + shown.length }, (_, i) =>
      String(i * 7919)
        .padStart(6, '0')
        .slice(-6),
    );
    return codes.filter((code) => !shown.includes(code)).slice(0, count);
  }

  wrongCode(now: number): string {
    return this.wrongCodes(now, 1)[0] ?? '';
  }

  private near(now: number): string[] {
    return Array.from({ length: 121 }, (_, i) => this.code(now, i - 60));
  }
}

/** An account with two-factor on. */
export interface ProtectedAccount {
  id: number;
  email: string;
  authenticator: Authenticator;
  recoveryCodes: string[];
}

export type Factor = { code?: unknown; recovery_code?: unknown };

/** A new account with two-factor on, no code of it used yet: without HTTP, for tests that need many. */
export async function createProtectedAccount(t: TestApp): Promise<ProtectedAccount> {
  const { id, email } = await t.createUser();
  const twoFactor = t.app.get(TwoFactorService);
  for (;;) {
    const secret = await t.dataSource.transaction((manager) => twoFactor.enrol(id, manager));
    const authenticator = new Authenticator(new Secret({ buffer: new Uint8Array(secret).buffer }).base32);
    if (!authenticator.isUnambiguous(t.clock.now())) continue;
    const recoveryCodes = await t.dataSource.transaction((manager) => twoFactor.confirm(id, manager));
    return { id, email, authenticator, recoveryCodes };
  }
}

/** Enrols the caller of `token`, over HTTP. */
export async function enrol(t: { url: string }, token: string): Promise<Authenticator> {
  const answer = await post(`${t.url}/v1/two-factor`, { password: PASSWORD }, bearer(token));
  if (answer.status !== 201) throw new Error(`enrolment answered ${answer.status} ${answer.text}`);
  return new Authenticator((answer.body as { secret: string }).secret);
}

/** Turns two-factor on for a new account as its owner would; the session it was done in, too. The current code is used. */
export async function turnOn(t: TestApp): Promise<ProtectedAccount & { token: string }> {
  const { id, email } = await t.createUser();
  const token = await login(t.url, email, PASSWORD);
  let authenticator = await enrol(t, token);
  while (!authenticator.isUnambiguous(t.clock.now())) authenticator = await enrol(t, token);
  const code = authenticator.code(t.clock.now());
  const answer = await post(`${t.url}/v1/two-factor/confirm`, { code }, bearer(token));
  if (answer.status !== 200) throw new Error(`confirmation answered ${answer.status} ${answer.text}`);
  return {
    id,
    email,
    token,
    authenticator,
    recoveryCodes: (answer.body as { recovery_codes: string[] }).recovery_codes,
  };
}

/** One try to log in. */
export const tryLogin = (
  t: { url: string },
  { email }: { email: string },
  factor: Factor = {},
  path: (typeof LOGIN_PATHS)[number] = '/v1/login',
): Promise<Answer> => post(t.url + path, { email, password: PASSWORD, ...factor });

/** Asserts an error body of `/v1`, its keys in their order and no others. */
export function expectError(
  answer: Answer,
  path: string,
  status: number,
  message: string,
  details?: object,
): void {
  const { timestamp } = answer.body as { timestamp?: string };
  const requestId = answer.headers.get('x-request-id');
  const body = { timestamp, message, path, request_id: requestId, ...(details && { details }) };
  expect({ status: answer.status, text: answer.text }).toEqual({ status, text: JSON.stringify(body) });
  expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
  expect(requestId).toMatch(uuid);
  expectHeadersOfError(answer);
}

/** Asserts the one refusal of `/v1`'s login, whatever was wrong, or of `/api`'s. */
export function expectRefused(answer: Answer, path: string = LOGIN_PATHS[0]): void {
  if (!path.startsWith('/api/')) {
    expectError(answer, path, 401, 'Unauthenticated.');
    return;
  }
  expect({ status: answer.status, text: answer.text }).toEqual({
    status: 401,
    text: '{"message":"Invalid credentials."}',
  });
  expectHeadersOfError(answer);
}

function expectHeadersOfError({ status, headers }: Answer): void {
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
  expect(headers.has('access_token')).toBe(false);
}

/** What is stored of an account's second factor. */
export interface FactorRow {
  secret: string;
  confirmed_at: number | null;
  last_used_step: number | null;
  failed_codes: number;
}

export async function factorRow(t: TestApp, { id }: { id: number }): Promise<FactorRow | undefined> {
  const rows: FactorRow[] = await t.dataSource.query('SELECT * FROM two_factor WHERE user_id = $1', [id]);
  return rows[0];
}

/** Tries of the budget that are spent. */
export const triesSpent = async (t: TestApp, account: { id: number }): Promise<number | undefined> =>
  (await factorRow(t, account))?.failed_codes;

/** The reasons of the refusals so far, as the log tells them. */
export const reasons = (t: TestApp): unknown[] => t.logs.flatMap(({ reason }) => reason ?? []);

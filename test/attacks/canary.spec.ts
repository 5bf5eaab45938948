import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import PostalMime from 'postal-mime';
import { PASSWORD } from '../support/app.js';
import { resolve, type ApiDocument } from '../support/api-document.js';
import { bearer, send, type Answer } from '../support/http.js';
import { eventually } from '../support/keys.js';
import { tokenIn } from '../support/mail.js';
import { METRICS_TOKEN } from '../support/metrics.js';
import { Authenticator } from '../support/second-factor.js';
import { expectNoneOf, formsOf, Witness, type Places } from '../support/witness.js';

const ADMINISTRATOR = 'admin@example.com';
/** They refuse nobody. */
const NEVER_REFUSED = ['GET /.well-known/jwks.json', 'GET /healthz', 'GET /readyz', 'GET /docs-json'];

/**
 * Every endpoint of the API's own description, in success and in failure: whoever reads the log, the database, metrics, traces,
 * webhooks or the answers to others learns no password, code, token or secret that was sent or made.
 */
describe('after every endpoint was used, and refused, at LOG_LEVEL trace', () => {
  let witness: Witness;
  let document: ApiDocument;
  let places: Places;
  let mails: string[];
  let refusals = '';
  const secrets = new Set<string>();
  const mailed: string[] = [];
  const seen = new Map<string, Set<number>>();

  beforeAll(async () => {
    witness = await Witness.start({ REGISTRATION: 'open', TOTP_WINDOW_STEPS: '2' });
    document = (await ask('GET /docs-json')).body as ApiDocument;
    await succeedEverywhere();
    await failEverywhere();
    await witness.without('sessions', failEverywhere);
    await witness.without('users', failEverywhere);
    mails = witness.mails();
    places = { ...(await witness.places()), refusals };
  }, 180_000);
  afterAll(() => witness.remove());

  /** A secret that is looked for afterwards. */
  const canary = (secret = randomBytes(32).toString('base64url')): string => {
    secrets.add(secret);
    return secret;
  };
  const newPassword = () => canary(`c4n4ry €"${randomBytes(9).toString('hex')}`);

  interface Question {
    token?: string | undefined;
    body?: object | string | undefined;
    headers?: Record<string, string>;
    /** In the place of `{id}` and `{session}`. */
    ids?: string[];
    query?: string;
  }
  async function ask(route: string, question: Question = {}): Promise<Answer> {
    const { token, body, headers, ids = [], query = '' } = question;
    const [method = '', path = ''] = route.split(' ');
    let next = 0;
    const url = witness.server.url + path.replace(/\{\w+\}/g, () => ids[next++] ?? 'NOBODY00') + query;
    const answer = await send(url, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token && bearer(token)),
        ...headers,
      },
      ...(body && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    if (!seen.has(route)) seen.set(route, new Set());
    seen.get(route)?.add(answer.status);
    if (answer.status >= 400) refusals += `${answer.text} ${JSON.stringify([...answer.headers])}\n`;
    return answer;
  }
  async function good(route: string, question: Question = {}): Promise<Answer> {
    const answer = await ask(route, question);
    expect([route, answer.status < 300, answer.text]).toEqual([route, true, answer.text]);
    return answer;
  }
  async function signIn(email: string, password: string, route = 'POST /v1/login'): Promise<string> {
    const { headers, body } = await good(route, { body: { email, password } });
    return canary(headers.get('access_token') ?? (body as { token: string }).token);
  }
  /** The token of the newest mail to `address` that has one; `before`: how many had. */
  async function tokenTo(address: string, before = 0): Promise<string> {
    const read = async () => {
      const all = await Promise.all(witness.mails().map((mail) => PostalMime.parse(mail)));
      const to = all.filter((mail) => mail.to?.some((each) => each.address === address));
      return to.filter((mail) => mail.text?.includes('"token"'));
    };
    await eventually(async () => (await read()).length > before);
    const token = canary(tokenIn((await read()).at(-1)));
    mailed.push(token);
    return token;
  }

  async function succeedEverywhere(): Promise<void> {
    await open();
    await ownAccount();
    await administer();
  }

  async function open(): Promise<void> {
    for (const route of NEVER_REFUSED) await good(route);
    await good('GET /metrics', { token: METRICS_TOKEN });
    await signIn(ADMINISTRATOR, PASSWORD, 'POST /api/users/auth');
    const token = await signIn(ADMINISTRATOR, PASSWORD);
    const next = canary((await good('POST /v1/refresh-token', { token })).headers.get('access_token') ?? '');
    for (const route of ['GET /v1/me', 'GET /api/films', 'GET /v1/two-factor'])
      await good(route, { token: next });
    const { body } = await good('GET /v1/sessions', { token: next });
    const { sessions } = body as { sessions: { id: string; current: boolean }[] };
    const id = sessions.find(({ current }) => !current)?.id ?? '';
    await good('DELETE /v1/sessions/{id}', { token: next, ids: [id] });
    await good('POST /v1/logout', { token: next });
    await good('DELETE /v1/sessions', { token: await signIn(ADMINISTRATOR, PASSWORD) });
  }

  async function ownAccount(): Promise<void> {
    const email = 'new@example.com';
    const passwords = [newPassword(), newPassword(), newPassword()] as const;
    await good('POST /v1/register', { body: { email, password: passwords[0] } });
    await good('POST /v1/verify-email', { body: { token: await tokenTo(email) } });
    await signIn(email, passwords[0]);
    await good('POST /v1/forgot-password', { body: { email } });
    await good('POST /v1/reset-password', {
      body: { token: await tokenTo(email, 1), password: passwords[1] },
    });
    const token = await signIn(email, passwords[1]);
    const change = { current_password: passwords[1], password: passwords[2] };
    await good('PUT /v1/password', { token, body: change });
    await good('PUT /v1/email', { token, body: { password: passwords[2], email: 'next@example.com' } });
    await good('POST /v1/confirm-email', { body: { token: await tokenTo('next@example.com') } });
    await twoFactor(await signIn('next@example.com', passwords[2]), passwords[2]);
    const last = await signIn('next@example.com', passwords[2]);
    await good('POST /v1/delete-account', { token: last, body: { password: passwords[2] } });
  }

  async function twoFactor(token: string, password: string): Promise<void> {
    const begun = (await good('POST /v1/two-factor', { token, body: { password } })).body as {
      secret: string;
    };
    const app = new Authenticator(canary(begun.secret));
    const remember = ({ body }: Answer) =>
      (body as { recovery_codes: string[] }).recovery_codes.map((code) => canary(code));
    const code = () => canary(app.code(Date.now()));
    await good('POST /v1/two-factor/confirm', { token, body: { code: canary(app.code(Date.now(), -1)) } });
    const renew = { token, body: { password, code: code() } };
    const [recovery_code = ''] = remember(await good('POST /v1/two-factor/recovery-codes', renew));
    await good('POST /v1/two-factor/disable', { token, body: { password, recovery_code } });
  }

  async function administer(): Promise<void> {
    const token = await signIn(ADMINISTRATOR, PASSWORD);
    const created = await good('POST /v1/admin/users', {
      token,
      body: { email: 'made@example.com', role: 'client' },
    });
    const ids = [(created.body as { id: string }).id];
    await good('POST /v1/admin/users/{id}/password-reset', { token, ids });
    const password = newPassword();
    await good('POST /v1/reset-password', { body: { token: await tokenTo('made@example.com'), password } });
    const visitor = await signIn('made@example.com', password);
    await good('GET /v1/admin/users', { token });
    await good('GET /v1/admin/users/{id}', { token, ids });
    const { body } = await good('GET /v1/admin/users/{id}/sessions', { token, ids });
    const [session] = (body as { sessions: { id: string }[] }).sessions;
    await good('DELETE /v1/admin/users/{id}/sessions/{session}', { token, ids: [...ids, session?.id ?? ''] });
    expect((await ask('GET /v1/me', { token: visitor })).status).toBe(401);
    await good('DELETE /v1/admin/users/{id}/sessions', { token, ids });
    await good('PATCH /v1/admin/users/{id}', { token, ids, body: { role: 'client' } });
    await good('DELETE /v1/admin/users/{id}/two-factor', { token, ids });
    await good('POST /v1/admin/users/{id}/disable', { token, ids });
    await good('POST /v1/admin/users/{id}/enable', { token, ids });
    await good('DELETE /v1/admin/users/{id}', { token, ids });
    await good('GET /v1/admin/audit-events', { token });
  }

  const routes = () =>
    Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
  /** A body with something secret in each of its strings. */
  function bodyOf(route: string): Record<string, string> | undefined {
    const [method = '', path = ''] = route.split(' ');
    const schema =
      document.paths[path]?.[method.toLowerCase()]?.requestBody?.content?.['application/json']?.schema;
    if (!schema) return undefined;
    const names = Object.keys(resolve(document, schema).properties ?? {});
    return Object.fromEntries(
      names.map((name) => [name, name === 'email' ? ADMINISTRATOR : name === 'role' ? 'client' : canary()]),
    );
  }

  async function failEverywhere(): Promise<void> {
    for (const route of routes()) {
      const claims = Buffer.from(JSON.stringify({ sub: canary() })).toString('base64url');
      const token = `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.${canary(claims)}.${canary()}`;
      const body = bodyOf(route);
      await ask(route, { body });
      await ask(route, { body, token });
      await ask(route, { body, headers: { authorization: `Basic ${canary()}` } });
      await ask(route, { body, headers: { cookie: `session=${canary()}`, 'x-api-key': canary() } });
      await ask(route, { body, query: `?token=${canary()}&access_token=${canary()}` });
      await failSignedIn(route);
      if (!body) continue;
      await ask(route, { body: `{"password":"${canary()}","token":"${canary()}",` });
      await ask(route, { body: { ...body, password: { canary: canary() }, token: [canary()] } });
    }
  }

  async function failSignedIn(route: string): Promise<void> {
    // Of no use any more while the tables are away.
    const answer = await ask('POST /v1/login', { body: { email: ADMINISTRATOR, password: PASSWORD } });
    const token = answer.headers.get('access_token') ?? undefined;
    if (token) canary(token);
    // These would do it.
    const isDone = ['POST /v1/logout', 'DELETE /v1/sessions', 'POST /v1/refresh-token'].includes(route);
    if (!isDone) await ask(route, { token, body: bodyOf(route) });
  }

  it('every endpoint was, and what it wrote can be looked through', () => {
    for (const route of routes()) {
      const statuses = [...(seen.get(route) ?? [])];
      const isRefused = statuses.some((status) => status >= 400) || NEVER_REFUSED.includes(route);
      expect([route, statuses.some((status) => status < 300), isRefused]).toEqual([route, true, true]);
    }
    expect(secrets.size).toBeGreaterThan(1_000);
    expect(places['logs']).toContain('"reason":"wrong_password"');
    expect(places['logs']?.match(/"level":50/g)?.length).toBeGreaterThan(20);
    expect(places['tables']).toContain('audit_events [{');
    expect(places['metrics']).toContain('gatehouse_logins_total');
    expect(places['sent']).toContain('resourceSpans');
    expect(places['sent']).toContain('two_factor.enabled');
    expect(mailed).toHaveLength(4);
  });

  it('no password, code, token or secret is anywhere', () => {
    expectNoneOf([...secrets].flatMap(formsOf), places);
  });

  it('the mails hold none but the token that each is about', () => {
    const others = [...secrets].filter((secret) => !mailed.includes(secret));
    expectNoneOf(others, { mails: mails.join('\n') });
    for (const token of mailed) expect(mails.filter((mail) => mail.includes(token)).length).toBeLessThan(2);
  });

  it('nor is the administrator’s own password', () => {
    const written = { ...places, refusals: '' };
    expectNoneOf(formsOf(PASSWORD), written);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD } from '../support/app.js';
import { bearer, login, post, send } from '../support/http.js';
import { startMailServer, tokenIn, type MailServer } from '../support/mail.js';
import { expectNoneOf, formsOf, Witness, type Places } from '../support/witness.js';

const ADMINISTRATOR = 'admin@example.com';
const NEW_PASSWORD = 'c4n4ry Passw0rd €';

/** Whoever reads logs or the database, its files and old pages among them, learns no token that was mailed to somebody. */
describe('after every mail was asked for, sent, refused and used, at LOG_LEVEL trace', () => {
  let mailServer: MailServer;
  let witness: Witness;
  let places: Places;
  const tokens: string[] = [];

  beforeAll(async () => {
    mailServer = await startMailServer();
    witness = await Witness.start({ ...mailServer.env, REGISTRATION: 'open' });
    await useEverything();
    places = await witness.places();
  }, 60_000);
  afterAll(async () => {
    await witness.remove();
    await mailServer.stop();
  });

  const ask = (route: string, body: object) => post(`${witness.server.url}/v1/${route}`, body);
  async function mailed(address: string, count = 1): Promise<string> {
    const withTokens = () => mailServer.to(address).filter(({ text }) => text?.includes('"token"'));
    for (let i = 0; i < 500 && withTokens().length < count; i += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const token = tokenIn(withTokens()[count - 1]);
    tokens.push(token);
    return token;
  }

  async function useEverything(): Promise<void> {
    await ask('register', { email: 'new@example.com', password: NEW_PASSWORD });
    const registration = await mailed('new@example.com');
    expect((await ask('reset-password', { token: registration, password: NEW_PASSWORD })).status).toBe(400);
    // Our side fails with a token in its hands.
    await witness.without('users', async () => {
      expect((await ask('verify-email', { token: registration })).status).toBe(500);
    });
    expect((await ask('verify-email', { token: registration })).status).toBe(204);
    expect((await ask('verify-email', { token: registration })).status).toBe(400);
    await ask('forgot-password', { email: ADMINISTRATOR });
    await mailed(ADMINISTRATOR);
    await ask('forgot-password', { email: ADMINISTRATOR });
    const reset = await mailed(ADMINISTRATOR, 2);
    expect((await post(`${witness.server.url}/v1/reset-password`, `{"token":"${reset}",`)).status).toBe(400);
    expect((await send(`${witness.server.url}/v1/reset-password?token=${reset}`)).status).toBe(405);
    const token = await login(witness.server.url, ADMINISTRATOR, PASSWORD);
    const headers = { 'content-type': 'application/json', ...bearer(token) };
    const body = JSON.stringify({ password: PASSWORD, email: 'next@example.com' });
    await send(`${witness.server.url}/v1/email`, { method: 'PUT', headers, body });
    await mailed('next@example.com');
    // Left unsent, for the tables to be looked at.
    mailServer.refusal = { code: 451, at: 'RCPT' };
    await ask('register', { email: 'unsent@example.com', password: NEW_PASSWORD });
    for (let i = 0; i < 200 && !witness.server.output().includes('to be tried again'); i += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
  }

  it('there is something to look through', () => {
    const { logs, tables } = places;
    expect(new Set(tokens).size).toBe(4);
    expect(logs).toContain('"reason":"unknown_token"');
    expect(logs).toContain('to be tried again');
    expect(tables).toMatch(/one_time_tokens \[\{/);
    expect(tables).toContain('"state":"waiting"');
    expect(tables).toContain('"state":"done"');
  });

  it('no token is anywhere, in whatever form', () => {
    const ofBytes = (token: string) => Buffer.from(token, 'base64url').toString('hex');
    expectNoneOf(
      tokens.flatMap((token) => [ofBytes(token), ...formsOf(token)]),
      places,
    );
  });

  it('no password, and no address in the log or the outbox', () => {
    const { logs = '', tables = '' } = places;
    expectNoneOf(formsOf(NEW_PASSWORD), places);
    const outbox = /^outbox .*$/m.exec(tables)?.[0] ?? '';
    expectNoneOf(['new@example.com', 'next@example.com', 'unsent@example.com'], { logs, outbox });
  });
});

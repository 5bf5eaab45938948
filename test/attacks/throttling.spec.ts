import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { bearer, login, post, type Answer } from '../support/http.js';
import { refresh, refreshed } from '../support/tokens.js';

const limits = {
  TRUST_PROXY: '127.0.0.1',
  LOGINS_PER_MINUTE_PER_ADDRESS: '120',
  LOGIN_FAILURES_PER_MINUTE_PER_ADDRESS: '20',
  LOGIN_FAILURES_PER_DAY_PER_ACCOUNT: '100',
  REFRESHES_PER_5_MINUTES_PER_SESSION: '150',
  CORS_ORIGINS: 'https://app.example.com',
};

/** Guessing passwords: each account, and each address, gets only so many wrong ones. */
describe('guessing passwords', () => {
  let t: TestApp;
  let email: string;
  let addresses = 0;

  beforeAll(async () => {
    t = await startApp({ env: limits });
  });
  afterAll(() => t.close());
  beforeEach(async () => {
    ({ email } = await t.createUser());
  });

  /** An address nobody used before. */
  const anotherAddress = () => `198.51.${Math.floor((addresses += 1) / 250)}.${addresses % 250}`;
  const tryAs = (
    who: string,
    password: string,
    address = anotherAddress(),
    path = '/v1/login',
  ): Promise<Answer> => post(`${t.url}${path}`, { email: who, password }, { 'x-forwarded-for': address });
  const fail = async (who: string, times: number, address?: string) => {
    for (let i = 0; i < times; i += 1) expect((await tryAs(who, 'wrong', address)).status).toBe(401);
  };
  const expectTooMany = (answer: Answer, seconds: number) => {
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, String(seconds)]);
    expect((answer.body as { message: string }).message).toBe('Too Many Attempts.');
  };

  it.each(['known', 'unknown'])(
    'slows a %s account down by a second more for every five in a row',
    async (kind) => {
      const who = kind === 'known' ? email : 'nobody-here@example.com';
      for (const delay of [1, 2, 3]) {
        for (let i = 0; i < 5; i += 1) {
          t.clock.advance(10);
          await fail(who, 1);
        }
        expectTooMany(await tryAs(who, PASSWORD), delay);
        t.clock.advance(delay - 0.001);
        expectTooMany(await tryAs(who, PASSWORD), 1);
      }
    },
  );

  it('never slows it by more than ten seconds', async () => {
    for (let i = 0; i < 12; i += 1) {
      for (let j = 0; j < 5; j += 1) {
        expect((await tryAs(email, 'wrong')).status).toBe(401);
        t.clock.advance(10);
      }
    }
    await fail(email, 1);
    expectTooMany(await tryAs(email, PASSWORD), 10);
  });

  it('stops at 100 a day and account, whatever the addresses, and lets the owner in from where they signed in before', async () => {
    const home = '203.0.113.7';
    expect((await tryAs(email, PASSWORD, home)).status).toBe(200);
    for (let i = 0; i < 100; i += 1) {
      expect((await tryAs(email, 'wrong')).status).toBe(401);
      t.clock.advance(10);
    }
    const stranger = await tryAs(email, PASSWORD);
    expect(stranger.status).toBe(429);
    expect(Number(stranger.headers.get('retry-after'))).toBeGreaterThan(80_000);
    expect((await tryAs(email, PASSWORD, home)).status).toBe(200);
  });

  it('counts one account in any spelling and at both endpoints', async () => {
    await fail(email.toUpperCase(), 3);
    for (let i = 0; i < 2; i += 1) {
      expect((await tryAs(email, 'wrong', anotherAddress(), '/api/users/auth')).status).toBe(401);
    }
    expectTooMany(await tryAs(email, PASSWORD), 1);
    const answer = await tryAs(email, PASSWORD, anotherAddress(), '/api/users/auth');
    expect(answer.text).toBe('{"message":"Too Many Attempts."}');
  });

  it('clears the account’s count when its owner logs in', async () => {
    await fail(email, 4);
    expect((await tryAs(email, PASSWORD)).status).toBe(200);
    await fail(email, 4);
    expect((await tryAs(email, PASSWORD)).status).toBe(200);
  });

  it('clears only the count of where its owner signed in before, when they log in from there', async () => {
    const home = '203.0.113.8';
    expect((await tryAs(email, PASSWORD, home)).status).toBe(200);
    await fail(email, 4);
    await fail(email, 4, home);
    expect((await tryAs(email, PASSWORD, home)).status).toBe(200);
    await fail(email, 4, home);
    expect((await tryAs(email, PASSWORD, home)).status).toBe(200);
    await fail(email, 1);
    expectTooMany(await tryAs(email, PASSWORD), 1);
  });

  it('stops an address that sprays many accounts after 20 in a minute', async () => {
    const address = anotherAddress();
    for (let i = 0; i < 20; i += 1)
      expect((await tryAs(`spray${i}@example.com`, 'wrong', address)).status).toBe(401);
    expect((await tryAs(email, PASSWORD, address)).status).toBe(429);
    t.clock.advance(60);
    expect((await tryAs(email, PASSWORD, address)).status).toBe(200);
  });

  it('takes a /64 of IPv6, and a mapped IPv4 address, for one address', async () => {
    for (let i = 0; i < 20; i += 1) {
      expect((await tryAs(`six${i}@example.com`, 'wrong', `2001:db8:1:2:${i.toString(16)}::1`)).status).toBe(
        401,
      );
    }
    expect((await tryAs(email, PASSWORD, '2001:db8:1:2:ffff::9')).status).toBe(429);
    expect((await tryAs(email, PASSWORD, '2001:db8:1:3::1')).status).toBe(200);
    for (let i = 0; i < 20; i += 1) await tryAs(`four${i}@example.com`, 'wrong', '::ffff:192.0.2.200');
    expect((await tryAs(email, PASSWORD, '192.0.2.200')).status).toBe(429);
  });

  it('lets an address log in 120 times a minute, right or wrong', async () => {
    const address = anotherAddress();
    const answers: Answer[] = [];
    for (let i = 0; i < 13; i += 1)
      answers.push(...(await Promise.all(Array.from({ length: 10 }, () => tryAs(email, PASSWORD, address)))));
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array<number>(120).fill(200),
      ...Array<number>(10).fill(429),
    ]);
  });

  it('counts the passwords that it gives again with a token among them', async () => {
    const address = anotherAddress();
    const token = (await tryAs(email, PASSWORD, address)).headers.get('access_token') ?? '';
    const from = { 'x-forwarded-for': address, ...bearer(token) };
    const begin = () => post(`${t.url}/v1/two-factor`, { password: PASSWORD }, from);
    const answers: Answer[] = [];
    for (let i = 0; i < 120; i += 1) answers.push(await begin());
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toEqual([...Array<number>(119).fill(statuses[0] ?? 0), 429]);
    expect(statuses[0]).toBeLessThan(300);
    expectTooMany(await tryAs(email, PASSWORD, address), 60);
  });

  it('counts them before their bodies are read, at both endpoints, and answers with the headers of any other', async () => {
    const from = { 'x-forwarded-for': anotherAddress(), origin: 'https://app.example.com' };
    const paths = ['/v1/login', '/api/users/auth'];
    const tryOf = (i: number) => post(`${t.url}${paths[i % 2]}`, {}, from);
    const answers = await Promise.all(Array.from({ length: 120 }, (_, i) => tryOf(i)));
    expect(answers.map(({ status }) => status)).toEqual(Array(120).fill(400));
    for (const i of [0, 1]) {
      const refused = await tryOf(i);
      expectTooMany(refused, 60);
      expect([...refused.headers.keys()]).toEqual(
        [...(answers[i]?.headers.keys() ?? []), 'retry-after'].sort(),
      );
      expect(refused.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    }
  });
});

describe('a loop of refreshes', () => {
  it('ends at 150 in five minutes and session, and leaves the session alone', async () => {
    const t = await startApp({ env: limits });
    try {
      const { email } = await t.createUser();
      let token = await login(t.url, email, PASSWORD);
      for (let i = 0; i < 150; i += 1) token = await refreshed(t.url, token);
      const answer = await refresh(t.url, token);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '300']);
      t.clock.advance(300);
      expect((await refresh(t.url, token)).status).toBe(200);
    } finally {
      await t.close();
    }
  });
});

describe('X-Forwarded-For from nobody that we trust', () => {
  it('is not believed, and said so once', async () => {
    const t = await startApp({ env: { ...limits, TRUST_PROXY: '192.0.2.0/24' } });
    try {
      const { email } = await t.createUser();
      for (let i = 0; i < 20; i += 1) {
        await post(
          `${t.url}/v1/login`,
          { email: `x${i}@example.com`, password: 'wrong' },
          { 'x-forwarded-for': `10.0.0.${i}` },
        );
      }
      const answer = await post(
        `${t.url}/v1/login`,
        { email, password: PASSWORD },
        { 'x-forwarded-for': '10.1.1.1' },
      );
      expect(answer.status).toBe(429);
      const said = t.logs.filter(({ context }) => context === 'TrustProxy');
      expect(said.map(({ msg }) => msg)).toEqual([expect.stringContaining('add it to TRUST_PROXY')]);
    } finally {
      await t.close();
    }
  });
});

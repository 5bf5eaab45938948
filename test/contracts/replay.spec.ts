import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Comparison } from '../../src/operations/contract/comparison.js';
import { exchangesIn, type Answer, type Exchange } from '../../src/operations/contract/exchange.js';
import { Recorder } from '../../src/operations/contract/recorder.js';
import { replay, type Outcome, type ReplayOptions } from '../../src/operations/contract/replay.js';
import { gatehouse } from '../commands/gatehouse.js';
import { PASSWORD, startApp, type TestApp } from '../support/app.js';
import { login, post } from '../support/http.js';
import { createProtectedAccount } from '../support/second-factor.js';

const published = (name: string) =>
  readFileSync(new URL(`../../contracts/${name}.jsonl`, import.meta.url), 'utf8');

let t: TestApp;
let values: Record<string, string>;
beforeAll(async () => {
  t = await startApp();
  await t.createUser('user@example.com');
  const expired_token = await login(t.url, 'user@example.com', PASSWORD);
  t.clock.advance(t.config.accessTokenTtlSeconds + 60);
  const factor = await createProtectedAccount(t);
  values = {
    email: 'user@example.com',
    password: PASSWORD,
    role: 'client',
    two_factor_email: factor.email,
    two_factor_password: PASSWORD,
    code: factor.authenticator.code(t.clock.now()),
    expired_token,
  };
});
afterAll(() => t.close());

async function outcomesOf(exchanges: Exchange[], options: Partial<ReplayOptions> = {}): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const given = { target: t.url, values, ignoredHeaders: [], ...options };
  for await (const outcome of replay(exchanges, given)) outcomes.push(outcome);
  return outcomes;
}

describe('the published contracts, as they are shipped', () => {
  it.each(['v1', 'users-auth'])('%s is kept, exchange by exchange', async (name) => {
    const outcomes = await outcomesOf(exchangesIn(published(name)));
    expect(outcomes.length).toBeGreaterThan(5);
    expect(
      outcomes.filter(({ differences, skipped }) => differences.length > 0 || skipped !== undefined),
    ).toEqual([]);
  });

  it('says what it could not send', async () => {
    const outcomes = await outcomesOf(exchangesIn(published('users-auth')), { values: {} });
    expect(outcomes[0]).toMatchObject({ skipped: 'there is no value for {{email}}', differences: [] });
  });
});

describe('a comparison', () => {
  const answer = (body: unknown, headers = {}, status = 200): Answer => ({ status, headers, body });
  const wheres = (expected: Answer, actual: Answer) =>
    new Comparison(expected, actual).differences.map(({ where }) => where);
  const jwt = (claims: object) => `eyJh.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;

  it.each<[string, unknown, unknown, string[]]>([
    ['another sentence', { message: 'No.' }, { message: 'Never.' }, ['body.message']],
    ['a key less', { a: 1, b: 2 }, { a: 1 }, ['body.b']],
    ['a key more', { a: 1 }, { a: 1, b: 2 }, ['body.b']],
    ['another order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, ['body']],
    [
      'another date',
      { timestamp: '2025-12-01T16:14:53+00:00' },
      { timestamp: '2026-01-02T03:04:05+00:00' },
      [],
    ],
    [
      'a date in another form',
      { timestamp: '2025-12-01T16:14:53+00:00' },
      { timestamp: '2026-01-02T03:04:05Z' },
      ['body.timestamp'],
    ],
    ['another id', { id: 'AJ6EJQCF' }, { id: 'ZZZZZZZZ' }, []],
    ['an id of another length', { id: 'AJ6EJQCF' }, { id: 'AJ6EJQC' }, ['body.id']],
    ['a number in place of a text', { id: '42' }, { id: 42 }, ['body.id']],
    ['another number of id', { user: { id: 42 } }, { user: { id: 7 } }, []],
    ['another token', { token: jwt({ sub: 42 }) }, { token: jwt({ sub: 7 }) }, []],
    [
      'a claim of another type',
      { token: jwt({ sub: 42 }) },
      { token: jwt({ sub: '42' }) },
      ['body.token, claim sub'],
    ],
    ['a token that is none', { token: jwt({ sub: 42 }) }, { token: 'opaque' }, ['body.token']],
    ['a list of another length', [1, 2], [1], ['body']],
    ['seconds in place of milliseconds', { iat: 1764605693000 }, { iat: 1764605693 }, ['body.iat']],
    ['nothing', { a: 1 }, undefined, ['body']],
  ])('tells %s', (_, expected, actual, where) => {
    expect(wheres(answer(expected), answer(actual))).toEqual(where);
  });

  it('tells status and headers, and not what belongs to the way between', () => {
    const expected = answer(1, {
      'content-type': 'application/json; charset=UTF-8',
      date: 'x',
      allow: 'POST',
    });
    expect(wheres(expected, answer(1, { 'content-type': 'application/json;charset=utf-8' }, 401))).toEqual([
      'status',
      'header allow',
    ]);
  });

  it('never tells a token', () => {
    const { differences } = new Comparison(answer({ token: jwt({}) }), answer({ token: 's3cret-opaque' }));
    expect(JSON.stringify(differences)).not.toMatch(/s3cret|eyJh/);
  });

  it('takes a token in a header for what it is, and does not tell it either', () => {
    const told = (claims: object) => answer(1, { authorization: `Bearer ${jwt(claims)}` });
    expect(wheres(told({ sub: 42 }), told({ sub: 7 }))).toEqual([]);
    const { differences } = new Comparison(told({}), answer(1));
    expect(differences).toHaveLength(1);
    expect(JSON.stringify(differences)).not.toContain('eyJh');
  });
});

describe('record and replay', () => {
  let old: Server;
  let oldUrl: string;
  beforeAll(async () => {
    // The system before: it says its refusals in other words.
    old = createServer((request, response) => {
      const forward = async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
        const headers = Object.fromEntries(
          Object.entries(request.headers as Record<string, string>).filter(([name]) =>
            ['content-type', 'authorization'].includes(name),
          ),
        );
        const body = Buffer.concat(chunks);
        const answer = await fetch(t.url + (request.url ?? ''), {
          method: request.method ?? 'GET',
          headers,
          ...(body.length > 0 && { body: new Uint8Array(body) }),
        });
        const text = (await answer.text()).replace('Unauthenticated.', 'These credentials do not match.');
        const contentType = answer.headers.get('content-type') ?? '';
        const accessToken = answer.headers.get('access_token');
        response
          .writeHead(answer.status, {
            'content-type': contentType,
            ...(accessToken !== null && { access_token: accessToken }),
          })
          .end(text);
      };
      void forward();
    });
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
    oldUrl = `http://127.0.0.1:${(old.address() as AddressInfo).port}`;
  });
  afterAll(() => void old.close());

  it('keeps what a client was told, and finds that Gatehouse tells it otherwise, tokens passed on', async () => {
    const recorded: Exchange[] = [];
    const recorder = new Recorder(oldUrl, (exchange) => {
      recorded.push(exchange);
      return Promise.resolve();
    });
    const url = `http://127.0.0.1:${await recorder.listen(0)}`;
    const token = await login(url, 'user@example.com', PASSWORD);
    await post(`${url}/v1/refresh-token`, undefined, { authorization: `Bearer ${token}` });
    await post(`${url}/v1/login`, { email: 'user@example.com', password: 'wrong' });
    await recorder.close();
    // The recorded token is of a session that is gone: only one that was learnt refreshes.
    await t.dataSource.query('DELETE FROM sessions');
    const file = recorded.map((exchange) => JSON.stringify(exchange)).join('\n');
    const outcomes = await outcomesOf(exchangesIn(file));
    expect(outcomes.map(({ differences }) => differences)).toEqual([
      [],
      [],
      [
        {
          where: 'body.message',
          expected: '"These credentials do not match."',
          actual: '"Unauthenticated."',
        },
      ],
    ]);
    const against = await outcomesOf(exchangesIn(file), { against: oldUrl });
    expect(against.map(({ differences }) => differences.length)).toEqual([0, 0, 1]);
  });

  it('reads a HAR, and leaves out what is no JSON', async () => {
    const entry = (path: string, contentType: string, text: string) => ({
      request: { method: 'GET', url: `https://old.example.com${path}`, headers: [] },
      response: { status: 401, headers: [{ name: 'Content-Type', value: contentType }], content: { text } },
    });
    const har = JSON.stringify({
      log: {
        entries: [
          entry('/app.js', 'text/javascript', 'x'),
          {
            ...entry('', 'application/json', '{}'),
            request: { method: 'GET', url: 'data:application/json,{}', headers: [] },
          },
          entry('/api/films', 'application/json; charset=utf-8', '{"message":"Invalid credentials."}'),
        ],
      },
    });
    const outcomes = await outcomesOf(exchangesIn(har));
    expect(outcomes).toEqual([{ name: 'GET /api/films', differences: [] }]);
  });

  it('tells of differences on the command line, and ends with 1', async () => {
    const { database } = t;
    const file = join(database.dataDir, 'films.jsonl');
    const exchange = (message: string) => ({
      request: { method: 'GET', path: '/api/films' },
      response: { status: 401, body: { message } },
    });
    writeFileSync(
      file,
      ['Invalid credentials.', 'No.'].map((each) => JSON.stringify(exchange(each))).join('\n'),
    );
    const outcome = await gatehouse(database, ['contract', 'replay', file, '--target', t.url]);
    expect(outcome).toEqual({
      code: 1,
      stdout:
        'the same   GET /api/films\ndifferent  GET /api/films\n             body.message: "Invalid credentials.", expected "No."\n',
      stderr: '1 of 2 exchanges differ\n',
    });
  });

  it('prints nothing that a recording or an answer could move a terminal by', async () => {
    const file = join(t.database.dataDir, 'hostile.jsonl');
    const hostile = 'x\u001b]0;owned\u0007\u009b2J\r\nthe same   y';
    const response = { status: 401, body: { message: hostile, [hostile]: hostile } };
    const exchange = { name: hostile, request: { method: 'GET', path: '/api/films' }, response };
    const unsent = { name: hostile, request: { method: 'GET', path: '/{{nothing}}' } };
    writeFileSync(file, [exchange, unsent].map((each) => JSON.stringify(each)).join('\n'));
    const { stdout } = await gatehouse(t.database, ['contract', 'replay', file, '--target', t.url]);
    expect(stdout).toContain('different  x\\x1b]0;owned\\x07\\x9b2J\\x0d\\nthe same   y\n');
    expect(stdout).toMatch(/^(?:(?:different| {9}|skipped) {2}[\P{Cc}]*\n)+$/u);
  });

  it.each([
    ['', 'no JSON', /line 1 is no JSON/],
    ['', '{}', /line 1 has no request/],
    ['', '{"log":{}}', /no entries/],
    ['', '{"log":{"entries":[null]}}', /not those of a HAR/],
  ])('says what is wrong with a file %s', async (_, content, sentence) => {
    const file = join(t.database.dataDir, 'broken.jsonl');
    writeFileSync(file, content);
    const { code, stderr } = await gatehouse(t.database, ['contract', 'replay', file, '--target', t.url]);
    expect(code).toBe(2);
    expect(stderr).toMatch(sentence);
    expect(statSync(file).isFile()).toBe(true);
  });
});

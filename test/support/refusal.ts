import { expect } from '@jest/globals';
import { bearer, post, send, type Answer } from './http.js';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Asserts that `answer` is the refusal documented by the contract of `path`, body and headers, to the letter. */
export function expectRefusal(
  answer: Answer | undefined,
  path: string,
  status: number,
  sentence: string,
): void {
  if (!answer) throw new Error(`no answer where ${status} was expected`);
  const id = answer.headers.get('x-request-id');
  expect({ status: answer.status, body: answer.body }).toEqual({
    status,
    body: path.startsWith('/api/')
      ? { message: status === 401 ? 'Invalid credentials.' : sentence }
      : {
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
          message: sentence,
          path,
          request_id: id,
          // Which fields, and in which order, is test/contracts' to say.
          ...(status === 400 && sentence.includes(' field ') && { details: expect.any(Object) }),
        },
  });
  expect(id).toMatch(path === '/v1/refresh-token' ? /^req_[0-9a-f]{8}$/ : uuid);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
  expect(answer.headers.get('access_token')).toBeNull();
}

export const TOKEN_REFUSED = 'Authentication credentials are required.';
export const LOGIN_REFUSED = 'Unauthenticated.';
export const BAD_JSON = 'The request body is not valid JSON.';

/** Asserts that `token` opens no guarded route and does not refresh. */
export async function expectTokenRefused(url: string, token: string): Promise<void> {
  expectRefusal(await send(`${url}/api/films`, { headers: bearer(token) }), '/api/films', 401, TOKEN_REFUSED);
  await expectNoRefresh(url, token);
}

/** Asserts that `token` does not refresh. */
export async function expectNoRefresh(url: string, token: string): Promise<void> {
  const path = '/v1/refresh-token';
  expectRefusal(await post(url + path, undefined, bearer(token)), path, 401, TOKEN_REFUSED);
}

/** Asserts that `token` opens a guarded route and refreshes; the next one. */
export async function expectTokenAccepted(url: string, token: string): Promise<string> {
  expect((await send(`${url}/api/films`, { headers: bearer(token) })).status).toBe(200);
  const answer = await post(`${url}/v1/refresh-token`, undefined, bearer(token));
  expect(answer.status).toBe(200);
  return (answer.body as { access_token: string }).access_token;
}

/** Asserts that no request so far made the server say that something of its own failed. */
export function expectNoServerErrors({ logs }: { logs: Record<string, unknown>[] }): void {
  expect(logs.filter(({ level, status }) => Number(level) >= 50 || Number(status) >= 500)).toEqual([]);
}

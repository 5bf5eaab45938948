import { bearer, post, send, type Answer } from './http.js';

/** The claims of a token, unverified. */
export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

export const refresh = (url: string, token: string): Promise<Answer> =>
  post(`${url}/v1/refresh-token`, undefined, bearer(token));

/** Refreshes, expecting success; the new token. */
export async function refreshed(url: string, token: string): Promise<string> {
  const answer = await refresh(url, token);
  if (answer.status !== 200) throw new Error(`refresh answered ${answer.status} ${answer.text}`);
  return (answer.body as { access_token: string }).access_token;
}

/** The status of a guarded route for `token`. */
export const guarded = async (url: string, token: string): Promise<number> =>
  (await send(`${url}/api/films?limit=1`, { headers: bearer(token) })).status;

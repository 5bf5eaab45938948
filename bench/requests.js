// @ts-check
import { drive } from './load.js';

/** @typedef {import('./load.js').Client} Client */

/**
 * The bytes of a request.
 * @param {string} methodAndPath
 * @param {{ token?: string | undefined, headers?: string[], json?: object }} [content]
 */
export function compose(methodAndPath, { token, headers = [], json } = {}) {
  const body = json ? JSON.stringify(json) : '';
  const lines = [`${methodAndPath} HTTP/1.1`, 'Host: 127.0.0.1', ...headers];
  if (token) lines.push(`Authorization: Bearer ${token}`);
  if (json) lines.push('Content-Type: application/json');
  if (!methodAndPath.startsWith('GET ')) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`).toString('latin1');
}

/**
 * A client that asks the same again and again.
 * @param {string} request
 * @param {string} body what every answer must be, as a JavaScript string
 * @returns {Client}
 */
export function repeat(request, body) {
  const expected = Buffer.from(body).toString('latin1');
  return {
    request: () => request,
    accept: (received) => {
      if (received !== expected) throw new Error('another body than expected');
    },
  };
}

/**
 * A client that follows its session: each request carries the newest token.
 * @param {string} token
 * @returns {Client}
 */
export function refreshing(token) {
  return {
    request: () => compose('POST /v1/refresh-token', { token }),
    accept: (body, head) => {
      const next = /** @type {{ access_token: string }} */ (JSON.parse(body)).access_token;
      if (next === token || !head.includes(`\r\naccess_token: ${next}\r\n`)) throw new Error('no new token');
      token = next;
    },
  };
}

/**
 * A client that logs in anew each time.
 * @param {{ email: string, password: string }} account
 * @returns {Client}
 */
export function loggingIn(account) {
  const request = compose('POST /v1/login', { json: account });
  return {
    request: () => request,
    accept: (body, head) => {
      const { email } = /** @type {{ email: string }} */ (JSON.parse(body));
      if (email !== account.email || !/\r\naccess_token: \S+\r\n/.test(head)) {
        throw new Error('not the account that logged in');
      }
    },
  };
}

/**
 * Logs in over HTTP.
 * @param {import('./stage.js').Gatehouse} gatehouse
 * @param {number} count of sessions, spread over the accounts
 * @returns {Promise<string[]>} an access token each
 */
export function logIn({ port, accounts }, count) {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(accounts[i % accounts.length]),
      });
      const token = answer.headers.get('access_token');
      if (answer.status !== 200 || !token) throw new Error(`a login was answered ${answer.status}`);
      return token;
    }),
  );
}

/**
 * A client that logs in to a peer anew each time.
 * @param {import('./peers.js').Peer} peer
 * @param {import('./peers.js').Account} account
 * @param {(tokens: { guard: string, refresh: string }) => void} [keep]
 * @returns {Client}
 */
export function loggingInTo(peer, account, keep = () => undefined) {
  const request = peer.logIn(account);
  return {
    ...(peer.loginStatus && { status: peer.loginStatus }),
    request: () => request,
    accept: (body, head) => keep(peer.tokensOf(body, head)),
  };
}

/**
 * Clients of a peer, each with a session of its own.
 * @param {import('./stage.js').StartedPeer} peer
 * @param {number} count
 */
export async function peerClients({ port, client, accounts }, count) {
  /** @type {{ guard: string, refresh: string }[]} */
  const tokens = [];
  const logins = Array.from({ length: count }, (_, i) => {
    const account = /** @type {import('./peers.js').Account} */ (accounts[i % accounts.length]);
    return loggingInTo(client, account, (each) => tokens.push(each));
  });
  // No time at all: what is begun at once is finished, which is one request each.
  await drive(port, logins, 0).catch((/** @type {Error} */ error) => {
    throw new Error(`logging in to ${client.title}: ${error.message}`, { cause: error });
  });
  return { guarding: tokens.map(({ guard }) => guarding(client, guard)), tokens };
}

/**
 * @param {import('./peers.js').Peer} peer
 * @param {string} token
 * @returns {Client}
 */
function guarding(peer, token) {
  const request = peer.guarded(token);
  /** @type {string | undefined} */
  let known;
  return {
    request: () => request,
    // A body is looked into once: the generator must not cost more than the system.
    accept: (body) => {
      if (body === known) return;
      if (!peer.isGuarded(body)) throw new Error('not what the guarded route answers');
      known = body;
    },
  };
}

/**
 * @param {import('./peers.js').Peer} peer
 * @param {string} token
 * @returns {Client}
 */
export function refreshingAt({ refresh }, token) {
  if (!refresh) throw new Error('it refreshes nothing');
  return {
    request: () => refresh.ask(token),
    accept: (body, head) => {
      token = refresh.next(body, head, token);
    },
  };
}

/**
 * @param {number} port
 * @param {string} path
 * @param {string} [token]
 */
export async function firstAnswer(port, path, token) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  if (answer.status !== 200) throw new Error(`GET ${path} was answered ${answer.status}`);
  return answer.text();
}

/**
 * A guarded route that is open measures nothing.
 * @param {number} port
 * @param {string} path
 */
export async function mustRefuse(port, path, refusal = 401) {
  const { status } = await fetch(`http://127.0.0.1:${port}${path}`);
  if (status !== refusal) throw new Error(`GET ${path} without a token was answered ${status}`);
}

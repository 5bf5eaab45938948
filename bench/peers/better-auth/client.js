// @ts-check
import { compose } from '../../requests.js';

/** @param {string} cookie */
const check = (cookie) => compose('GET /api/auth/get-session', { headers: [`Cookie: ${cookie}`] });

/** @type {import('../../peers.js').Peer} */
export const peer = {
  title: 'better-auth',
  open: '/api/auth/ok',
  guardedPath: '/api/auth/list-sessions',
  logIn: (account) => compose('POST /api/auth/sign-in/email', { json: account }),
  tokensOf: (_, head) => {
    const cookie = /\r\nset-cookie: (better-auth\.session_token=[^;]+)/i.exec(head)?.[1];
    if (!cookie) throw new Error('no session');
    return { guard: cookie, refresh: cookie };
  },
  guarded: check,
  isGuarded: (body) => JSON.parse(body)?.user?.email !== undefined,
  refresh: {
    ask: check,
    next: (_, head, cookie) => {
      if (!/\r\nset-cookie: better-auth\.session_token=/i.test(head)) throw new Error('not renewed');
      return cookie;
    },
  },
};

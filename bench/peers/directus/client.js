// @ts-check
import { compose } from '../../requests.js';

/** @type {import('../../peers.js').Peer} */
export const peer = {
  title: 'Directus',
  open: '/server/ping',
  guardedPath: '/users/me',
  logIn: (account) => compose('POST /auth/login', { json: account }),
  tokensOf: (body) => {
    const { access_token: guard, refresh_token: refresh } = JSON.parse(body).data;
    if (!guard || !refresh) throw new Error('no tokens');
    return { guard, refresh };
  },
  guarded: (token) => compose('GET /users/me?fields=id', { token }),
  isGuarded: (body) => JSON.parse(body).data.id !== undefined,
  refresh: {
    ask: (token) => compose('POST /auth/refresh', { json: { refresh_token: token, mode: 'json' } }),
    next: (body, _, token) => {
      const { refresh_token: next } = JSON.parse(body).data;
      if (!next || next === token) throw new Error('no new token');
      return next;
    },
  },
};

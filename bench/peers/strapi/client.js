// @ts-check
import { compose } from '../../requests.js';

/** @type {import('../../peers.js').Peer} */
export const peer = {
  title: 'Strapi users-permissions',
  open: '/_health',
  guardedPath: '/api/users/me',
  refusal: 403,
  logIn: ({ email, password }) => compose('POST /api/auth/local', { json: { identifier: email, password } }),
  tokensOf: (body) => {
    const { jwt } = JSON.parse(body);
    if (!jwt) throw new Error('no token');
    return { guard: jwt, refresh: '' };
  },
  guarded: (token) => compose('GET /api/users/me', { token }),
  isGuarded: (body) => JSON.parse(body).email !== undefined,
};

// @ts-check
import { compose } from '../../requests.js';
import { CONSTANT } from '../../systems/constant.js';

const constant = JSON.stringify(CONSTANT);

/** @type {import('../../peers.js').Peer} */
export const peer = {
  title: 'Nest documentation’s sample',
  open: '/',
  guardedPath: '/by-account',
  logIn: ({ email, password }) => compose('POST /auth/login', { json: { username: email, password } }),
  tokensOf: (body) => {
    const { access_token: token } = JSON.parse(body);
    if (!token) throw new Error('no token');
    return { guard: token, refresh: '' };
  },
  guarded: (token) => compose('GET /by-account', { token }),
  isGuarded: (body) => body === constant,
  mark: 8,
  variant: {
    title: 'Nest documentation’s sample, token only',
    guarded: (token) => compose('GET /by-token', { token }),
  },
};

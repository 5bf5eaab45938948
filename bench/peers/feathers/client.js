// @ts-check
import { compose } from '../../requests.js';
import { CONSTANT } from '../../systems/constant.js';

const constant = JSON.stringify(CONSTANT);

/** @type {import('../../peers.js').Peer} */
export const peer = {
  title: 'Feathers',
  open: '/open',
  guardedPath: '/probe',
  logIn: (account) => compose('POST /authentication', { json: { strategy: 'local', ...account } }),
  loginStatus: 201,
  tokensOf: (body) => {
    const { accessToken } = JSON.parse(body);
    if (!accessToken) throw new Error('no token');
    return { guard: accessToken, refresh: '' };
  },
  guarded: (token) => compose('GET /probe', { token }),
  isGuarded: (body) => body === constant,
};

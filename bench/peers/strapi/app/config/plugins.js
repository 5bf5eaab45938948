const { randomBytes } = require('node:crypto');

module.exports = {
  // One address does all the asking here.
  'users-permissions': {
    config: { jwtSecret: randomBytes(16).toString('base64'), ratelimit: { enabled: false } },
  },
};

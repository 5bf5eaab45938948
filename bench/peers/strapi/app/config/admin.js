const { randomBytes } = require('node:crypto');

const secret = () => randomBytes(16).toString('base64');
module.exports = {
  auth: { secret: secret() },
  apiToken: { salt: secret() },
  transfer: { token: { salt: secret() } },
  secrets: { encryptionKey: secret() },
  serveAdminPanel: false,
};

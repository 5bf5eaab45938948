const { randomBytes } = require('node:crypto');
const { join } = require('node:path');

module.exports = {
  host: '127.0.0.1',
  port: Number(process.env.PORT ?? 0),
  app: { keys: [randomBytes(16).toString('base64')] },
  dirs: { public: join(process.cwd(), 'public') },
};

// @ts-check
// A new Strapi application without its admin panel: SQLite and users-permissions.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { portOf, serve } from '../../systems/channel.js';

const require = createRequire(import.meta.url);
const { createStrapi } = require('@strapi/strapi');

mkdirSync('public/uploads', { recursive: true });
const appDir = join(import.meta.dirname, 'app');
const strapi = await createStrapi({ appDir, distDir: appDir, serveAdminPanel: false }).start();
serve(
  { port: portOf(strapi.server.httpServer) },
  {
    createAccounts: async ({ emails, password }) => {
      const role = await strapi.db
        .query('plugin::users-permissions.role')
        .findOne({ where: { type: 'authenticated' } });
      for (const email of emails) {
        await strapi.plugin('users-permissions').service('user').add({
          username: email,
          email,
          password,
          provider: 'local',
          confirmed: true,
          role: role.id,
        });
      }
    },
  },
);

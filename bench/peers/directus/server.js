// @ts-check
// As Directus' installation page has it: SQLite, `directus bootstrap`, then its server.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { portOf, serve } from '../../systems/channel.js';

const FILE = 'data.db';
Object.assign(process.env, {
  SECRET: randomBytes(32).toString('hex'),
  DB_CLIENT: 'sqlite3',
  DB_FILENAME: FILE,
  ADMIN_EMAIL: 'admin@example.com',
  ADMIN_PASSWORD: randomBytes(16).toString('hex'),
  TELEMETRY: 'false',
  // One address does all the asking here, and a flood of logins is what one measure is about.
  PRESSURE_LIMITER_ENABLED: 'false',
});
if (!existsSync(FILE)) {
  const command = fileURLToPath(import.meta.resolve('@directus/api/cli/run.js'));
  const { status } = spawnSync(process.execPath, [command, 'bootstrap'], { stdio: ['ignore', 'ignore', 2] });
  if (status !== 0) throw new Error('directus bootstrap failed');
}

const { createServer } = await import('@directus/api/server');
const server = await createServer();
await new Promise((resolve) => server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', resolve));
serve(
  { port: portOf(server) },
  {
    createAccounts: async ({ emails, password }) => {
      const { getSchema } = await import('@directus/api/utils/get-schema');
      const { UsersService } = await import('@directus/api/services/users');
      const schema = await getSchema();
      // Without a role: nobody is asked for permissions that they do not have, and these need no seat of a licence.
      const users = emails.map((email) => ({ email, password }));
      await new UsersService({ schema }).createMany(users);
    },
  },
);

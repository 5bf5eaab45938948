// @ts-check
// As better-auth's installation page sets it up: e-mail and password, SQLite, its handler on Node's HTTP server.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import Database from 'better-sqlite3';
import { portOf, serve } from '../../systems/channel.js';

const options = (port) => ({
  baseURL: `http://127.0.0.1:${port}`,
  secret: randomBytes(32).toString('base64url'),
  database: new Database('sqlite.db'),
  emailAndPassword: { enabled: true },
  // One address does all the asking here.
  rateLimit: { enabled: false },
  // BENCH_RENEW: every check renews the session, which it does once a day as it comes.
  ...(process.env.BENCH_RENEW && { session: { updateAge: 0 } }),
});

let handle;
const server = createServer((request, response) =>
  handle ? handle(request, response) : response.writeHead(503).end(),
);
await new Promise((resolve) => server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', resolve));
const settings = options(portOf(server));
await (await getMigrations(settings)).runMigrations();
const auth = betterAuth(settings);
handle = toNodeHandler(auth);

serve(
  { port: portOf(server) },
  {
    createAccounts: async ({ emails, password }) => {
      for (const email of emails) await auth.api.signUpEmail({ body: { name: email, email, password } });
    },
  },
);

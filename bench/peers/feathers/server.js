// @ts-check
// As Feathers' generator lays an application out: Koa, Knex on SQLite, local and JWT authentication, users with hashed passwords.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { authenticate, AuthenticationService, JWTStrategy } from '@feathersjs/authentication';
import { LocalStrategy, passwordHash } from '@feathersjs/authentication-local';
import { feathers } from '@feathersjs/feathers';
import { KnexService } from '@feathersjs/knex';
import { bodyParser, errorHandler, koa, parseAuthentication, rest } from '@feathersjs/koa';
import { resolve, resolveData, resolveExternal } from '@feathersjs/schema';
import knex from 'knex';
import { portOf, serve } from '../../systems/channel.js';
import { CONSTANT } from '../../systems/constant.js';

const database = knex({
  client: 'better-sqlite3',
  connection: { filename: 'feathers.sqlite' },
  useNullAsDefault: true,
});
if (!(await database.schema.hasTable('users'))) {
  await database.schema.createTable('users', (table) => {
    table.increments('id');
    table.string('email').unique();
    table.string('password');
  });
}

const app = koa(feathers());
app.set('authentication', {
  entity: 'user',
  service: 'users',
  secret: randomBytes(24).toString('base64'),
  authStrategies: ['jwt', 'local'],
  jwtOptions: {
    header: { typ: 'access' },
    audience: 'https://yourdomain.com',
    algorithm: 'HS256',
    expiresIn: '1d',
  },
  local: { usernameField: 'email', passwordField: 'password' },
});
app.use(errorHandler());
app.use(parseAuthentication());
app.use(bodyParser());
app.configure(rest());

const authentication = new AuthenticationService(app);
authentication.register('jwt', new JWTStrategy());
authentication.register('local', new LocalStrategy());
app.use('authentication', authentication);

app.use('users', new KnexService({ Model: database, name: 'users' }));
app.service('users').hooks({
  around: { all: [resolveExternal(resolve({ password: async () => undefined }))] },
  before: { create: [resolveData(resolve({ password: passwordHash({ strategy: 'local' }) }))] },
});

app.use('open', { find: async () => CONSTANT });
app.use('probe', { find: async () => CONSTANT });
app.service('probe').hooks({ around: { all: [authenticate('jwt')] } });

const server = await app.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
if (!server.listening) await once(server, 'listening');
serve(
  { port: portOf(server) },
  {
    createAccounts: async ({ emails, password }) => {
      for (const email of emails) await app.service('users').create({ email, password });
    },
  },
);

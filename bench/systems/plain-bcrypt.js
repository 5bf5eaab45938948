// @ts-check
import { createHmac, timingSafeEqual } from 'node:crypto';
import bcrypt from 'bcrypt';
import { fastify } from 'fastify';
import { portOf, serve } from './channel.js';
import { CONSTANT } from './constant.js';

// What is usual: `await bcrypt.compare` in the handler, which runs in the four threads of libuv that all the process shares.
const { PASSWORD = '', BCRYPT_COST } = process.env;
const hash = await bcrypt.hash(PASSWORD, Number(BCRYPT_COST));
const sign = (/** @type {string} */ text) => createHmac('sha256', PASSWORD).update(text).digest();
const server = fastify();
server.post('/v1/login', async (request, reply) => {
  const { email, password } = /** @type {{ email: string, password: string }} */ (request.body);
  if (await bcrypt.compare(password, hash))
    return { email, token: `${email}.${sign(email).toString('hex')}` };
  return reply.code(401).send({ message: 'Unauthenticated.' });
});
server.get('/probe', (request, reply) => {
  const [, email = '', signature = ''] =
    /^Bearer (.+)\.([0-9a-f]{64})$/.exec(request.headers.authorization ?? '') ?? [];
  if (signature && timingSafeEqual(sign(email), Buffer.from(signature, 'hex'))) return CONSTANT;
  return reply.code(401).send({ message: 'Unauthenticated.' });
});
await server.listen({ port: 0, host: '127.0.0.1' });
serve({ port: portOf(server.server), token: `probe.${sign('probe').toString('hex')}` });

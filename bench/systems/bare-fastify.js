// @ts-check
import { fastify } from 'fastify';
import { portOf, serve } from './channel.js';
import { CONSTANT } from './constant.js';

const server = fastify();
server.get('/probe', () => CONSTANT);
await server.listen({ port: Number(process.env['PORT'] ?? 0), host: '127.0.0.1' });
serve({ port: portOf(server.server) });

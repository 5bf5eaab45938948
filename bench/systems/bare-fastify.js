// @ts-check
import { fastify } from 'fastify';
import { portOf, serve } from './channel.js';
import { CONSTANT } from './probe.module.js';

const server = fastify();
server.get('/probe', () => CONSTANT);
await server.listen({ port: 0, host: '127.0.0.1' });
serve({ port: portOf(server.server) });

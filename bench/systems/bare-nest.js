// @ts-check
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { portOf, serve } from './channel.js';
import { ProbeModule } from './probe.module.js';

const app = await NestFactory.create(ProbeModule, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
serve({ port: portOf(app.getHttpServer()) });

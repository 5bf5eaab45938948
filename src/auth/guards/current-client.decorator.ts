import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { addressOf } from '../../platform/http/address.js';
import type { Client } from '../../sessions/sessions.service.js';

/** Where `request` comes from. */
export const clientOf = (request: FastifyRequest): Client => ({
  address: addressOf(request),
  userAgent: request.headers['user-agent'] ?? '',
  requestId: request.id,
});

/** Where the request comes from. */
export const CurrentClient = createParamDecorator((_: unknown, context: ExecutionContext): Client =>
  clientOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Origin } from '../../audit/events.js';
import { addressOf } from '../../platform/http/address.js';
import { accountIn } from '../subject.js';

/** Who asks, by which request and from where: for the audit of what they do to others. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Origin => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const actor = accountIn(request.user)?.publicId ?? null;
  return { actor, address: addressOf(request), requestId: request.id };
});

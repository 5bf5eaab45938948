import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Origin } from '../../audit/events.js';
import { accountIn } from '../subject.js';

/** Who asks, by which request and from where: for the audit of what they do to others. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Origin => {
  const { user, ip, id } = context.switchToHttp().getRequest<FastifyRequest>();
  return { actor: accountIn(user)?.publicId ?? null, address: ip, requestId: id };
});

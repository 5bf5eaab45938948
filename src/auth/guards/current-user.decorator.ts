import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Whoever the route's guard let in: `AccessClaims` on a guarded route, `Authenticated` on a login route. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown =>
    context.switchToHttp().getRequest<FastifyRequest>().user,
);

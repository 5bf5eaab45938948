import { mixin, type ExecutionContext, type Type } from '@nestjs/common';
import { AuthGuard, type IAuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { RequestValidationPipe } from '../../platform/validation/request.pipe.js';

const pipe = new RequestValidationPipe();

/** In front of a login route: validates the body as `dto`, then asks the local strategy. */
export function LocalGuard(dto: Type): Type<IAuthGuard> {
  class LocalGuardOfDto extends AuthGuard('local') {
    // Guards run before pipes: unvalidated, a body would be answered 401 where 400 is documented.
    override async canActivate(context: ExecutionContext): Promise<boolean> {
      const request = context.switchToHttp().getRequest<FastifyRequest>();
      request.body = await pipe.transform(request.body, { type: 'body', metatype: dto });
      return super.canActivate(context) as Promise<boolean>;
    }

    override handleRequest<T>(error: Error | null, user: T | false | null): T {
      if (error) throw error;
      if (!user) throw new Error('the local strategy answered neither an account nor an error');
      return user;
    }
  }
  return mixin(LocalGuardOfDto);
}

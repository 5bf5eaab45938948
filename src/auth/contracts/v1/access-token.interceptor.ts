import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';

/** What a handler returns whose answer carries a token in its header. */
export interface WithAccessToken<Body> {
  accessToken: string;
  body: Body;
}

/** Attaches the `access_token` header, and leaves the body. */
@Injectable()
export class AccessTokenInterceptor implements NestInterceptor<WithAccessToken<unknown>, unknown> {
  intercept(context: ExecutionContext, next: CallHandler<WithAccessToken<unknown>>): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map(({ accessToken, body }) => {
        void reply.header('access_token', accessToken);
        return body;
      }),
    );
  }
}

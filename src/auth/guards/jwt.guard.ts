import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../platform/errors/app.errors.js';
import { databaseErrors } from '../../platform/database/database.errors.js';
import { AccessTokensService, type AccessClaims } from '../../sessions/access-tokens.service.js';
import { RevocationsService } from '../../sessions/revocations.service.js';
import { sessionsErrors } from '../../sessions/sessions.errors.js';
import { bearerToken } from '../bearer.js';
import { IS_PUBLIC } from './public.decorator.js';

/** In front of every route: no accepted access token, no way in, unless the route says `@Public()`. */
@Injectable()
export class JwtGuard extends AuthGuard('jwt') {
  constructor(
    private readonly reflector: Reflector,
    private readonly accessTokens: AccessTokensService,
    private readonly revocations: RevocationsService,
  ) {
    super();
  }

  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean>(IS_PUBLIC, [context.getHandler(), context.getClass()]))
      return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = bearerToken(request);
    const claims = token === undefined ? undefined : this.accessTokens.recall(token);
    if (!claims) return super.canActivate(context) as Promise<boolean>;
    request.user = this.unrevoked(claims);
    return true;
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the signature is Passport's
  override handleRequest<T>(error: Error | null, claims: AccessClaims | false | null): T {
    if (error) throw error;
    if (!claims) throw new AppError(sessionsErrors.token_rejected);
    return this.unrevoked(claims) as T;
  }

  /** Asked of every token at every request, in memory. */
  private unrevoked(claims: AccessClaims): AccessClaims {
    if (this.revocations.has(claims.sid))
      throw new AppError(sessionsErrors.token_rejected, { reason: 'session_ended' });
    // Never an old yes: who cannot know about revocations lets nobody in.
    if (!this.revocations.isFresh()) {
      throw new AppError(databaseErrors.database_unavailable, {
        reason: 'revocations_stale',
        retryAfterSeconds: 1,
      });
    }
    return claims;
  }
}

import { Injectable, type ExecutionContext, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { AppError, type ErrorContext } from '../../platform/errors/app.errors.js';
import { databaseErrors } from '../../platform/database/database.errors.js';
import { AccessTokensService, type AccessClaims } from '../../sessions/access-tokens.service.js';
import { RevocationsService } from '../../sessions/revocations.service.js';
import { sessionsErrors } from '../../sessions/sessions.errors.js';
import { bearerToken } from '../bearer.js';
import { accountOf } from '../subject.js';
import { IS_PUBLIC } from './public.decorator.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** In front of every route: no accepted access token, no way in, unless the route says `@Public()`. */
@Injectable()
export class JwtGuard extends AuthGuard('jwt') {
  /** What reflection said, by class and handler: it costs as much as finding the token. */
  private readonly asked = new Map<Type, Map<Handler, boolean>>();

  constructor(
    private readonly reflector: Reflector,
    private readonly accessTokens: AccessTokensService,
    private readonly revocations: RevocationsService,
  ) {
    super();
  }

  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.isPublic(context.getHandler(), context.getClass())) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = bearerToken(request);
    const claims = token === undefined ? undefined : this.accessTokens.recall(token);
    if (!claims) return super.canActivate(context) as Promise<boolean>;
    request.user = this.unrevoked(claims);
    return true;
  }

  private isPublic(handler: Handler, type: Type): boolean {
    let ofType = this.asked.get(type);
    if (!ofType) this.asked.set(type, (ofType = new Map<Handler, boolean>()));
    let isPublic = ofType.get(handler);
    if (isPublic === undefined) {
      isPublic = this.reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, [handler, type]) ?? false;
      ofType.set(handler, isPublic);
    }
    return isPublic;
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the signature is Passport's
  override handleRequest<T>(
    error: Error | null,
    claims: AccessClaims | false | null,
    fault: unknown,
    context: ExecutionContext,
  ): T {
    if (error) throw error;
    if (!claims) throw this.refusal(context.switchToHttp().getRequest<FastifyRequest>(), fault);
    return this.unrevoked(claims) as T;
  }

  /** `fault`: Passport's, which is there unless the signature was good. */
  private refusal(request: FastifyRequest, fault: unknown): AppError {
    const token = bearerToken(request);
    if (token === undefined) {
      const isMissing = request.headers.authorization === undefined;
      return rejected({ reason: isMissing ? 'token_missing' : 'authorization_unreadable' });
    }
    if (!this.accessTokens.keyOf(token)) return rejected({ reason: 'token_of_no_key' });
    if (fault) return rejected({ reason: 'signature_wrong' });
    const { reason, claims } = this.accessTokens.faultOf(token);
    return rejected({ reason, ...(claims && { account: accountOf(claims) }) });
  }

  /** Asked of every token at every request, in memory. */
  private unrevoked(claims: AccessClaims): AccessClaims {
    if (this.revocations.has(claims.sid))
      throw rejected({ reason: 'session_ended', account: accountOf(claims) });
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

const rejected = (context: ErrorContext): AppError => new AppError(sessionsErrors.token_rejected, context);

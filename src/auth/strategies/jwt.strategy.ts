import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy, type StrategyOptionsWithRequest } from 'passport-jwt';
import { AccessTokensService, type AccessClaims } from '../../sessions/access-tokens.service.js';
import { bearerToken } from '../bearer.js';

/**
 * Verifies the signature of a bearer token with the one algorithm of its key. What jsonwebtoken is lenient about (form,
 * header, times, claims) `AccessTokensService` decides before and after.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(private readonly accessTokens: AccessTokensService) {
    const options: StrategyOptionsWithRequest = {
      passReqToCallback: true,
      jwtFromRequest: (request: unknown) => bearerToken(request as FastifyRequest) ?? null,
      secretOrKeyProvider: (_request: unknown, token: string, done) => {
        const found = accessTokens.keyOf(token);
        // Its typings know strings and buffers only; jsonwebtoken wants the KeyObject.
        done(found ? null : new Error('no key'), found?.verifyWith as unknown as Buffer);
      },
      // Which of the two, the key decides: each verifies its own and nothing else (RFC 8725 §3.1).
      algorithms: ['HS256', 'ES256'],
      // Asked of our own clock, in `accept`; who says "not before" is refused there at any time.
      ignoreExpiration: true,
    };
    super(options);
  }

  validate(request: FastifyRequest, payload: unknown): AccessClaims | false {
    return this.accessTokens.accept(bearerToken(request) ?? '', payload) ?? false;
  }
}

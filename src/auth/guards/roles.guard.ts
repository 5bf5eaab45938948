import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../platform/errors/app.errors.js';
import { httpErrors } from '../../platform/errors/http.errors.js';
import type { AccessClaims } from '../../sessions/access-tokens.service.js';

export const ROLES = Symbol('roles');

/**
 * After `JwtGuard`, on the routes that say `@Roles(…)` and on no others: asks the token's claims, and no database. A role that is
 * taken away ends its sessions, and their tokens with them.
 */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  /** @throws `forbidden` */
  canActivate(context: ExecutionContext): true {
    const roles = this.reflector.getAllAndOverride<string[]>(ROLES, [
      context.getHandler(),
      context.getClass(),
    ]);
    const { user } = context.switchToHttp().getRequest<FastifyRequest>();
    const { role } = (user ?? {}) as Partial<AccessClaims>;
    if (role !== undefined && roles.includes(role)) return true;
    throw new AppError(httpErrors.forbidden, { reason: 'role_missing', evidence: { role: role ?? 'none' } });
  }
}

import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ThrottlesService } from '../../attempts/throttles.service.js';

/** In front of what anybody may ask for without an account: counts, by address, before anything is done. */
@Injectable()
export class ThrottledGuard implements CanActivate {
  constructor(private readonly throttles: ThrottlesService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.throttles.countRequest(context.switchToHttp().getRequest<FastifyRequest>().ip);
    return true;
  }
}

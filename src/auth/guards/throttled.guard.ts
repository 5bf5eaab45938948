import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ThrottlesService } from '../../attempts/throttles.service.js';
import { addressOf } from '../../platform/http/address.js';

/** In front of what anybody may ask for without an account: counts, by address, before anything is done. */
@Injectable()
export class ThrottledGuard implements CanActivate {
  constructor(private readonly throttles: ThrottlesService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.throttles.countRequest(addressOf(context.switchToHttp().getRequest<FastifyRequest>()));
    return true;
  }
}

import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-local';
import { CredentialsService, type Authenticated } from '../credentials.service.js';
import { addressOf } from '../../platform/http/address.js';

/** Passport's way to `CredentialsService`: e-mail and password in the body, already validated by the guard. */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy, 'local') {
  constructor(private readonly credentials: CredentialsService) {
    super({ usernameField: 'email', passwordField: 'password', session: false, passReqToCallback: true });
  }

  async validate(request: FastifyRequest, email: string, password: string): Promise<Authenticated> {
    const hangUp = new AbortController();
    const abort = () => hangUp.abort();
    // The request's own `close` comes as soon as its body is read.
    if (request.raw.socket.destroyed) abort();
    request.raw.socket.once('close', abort);
    try {
      return await this.credentials.authenticate({
        email,
        password,
        address: addressOf(request),
        signal: hangUp.signal,
      });
    } finally {
      request.raw.socket.off('close', abort);
    }
  }
}

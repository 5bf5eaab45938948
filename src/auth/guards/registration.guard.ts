import { Inject, Injectable, type CanActivate } from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.schema.js';
import { AppError } from '../../platform/errors/app.errors.js';
import { authErrors } from '../auth.errors.js';

/** In front of what makes accounts for anybody: closed unless REGISTRATION says otherwise. */
@Injectable()
export class RegistrationGuard implements CanActivate {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  canActivate(): boolean {
    if (this.config.registration === 'closed') throw new AppError(authErrors.registration_closed);
    return true;
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { ThrottlesService } from '../attempts/throttles.service.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { AppError } from '../platform/errors/app.errors.js';
import { OutboxService } from '../platform/outbox/outbox.service.js';
import { canonicalEmail } from '../platform/validation/email.policy.js';
import type { Client } from '../sessions/sessions.service.js';
import { usersErrors } from '../users/users.errors.js';
import {
  PendingRegistrationsService,
  REGISTRATION_JOB,
  type AskedRegistration,
} from './pending-registrations.service.js';

/** What somebody gives to register, and where it comes from. */
export interface NewRegistration {
  email: string;
  password: string;
  client: Client;
}

/** Asking for an account. Whether the address has one already makes no difference, in the answer or in the work. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly passwords: PasswordsService,
    private readonly throttles: ThrottlesService,
    private readonly outbox: OutboxService,
    private readonly registrations: PendingRegistrationsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws `validation_failed`, `too_many_attempts`, `service_unavailable` */
  async register({ email: given, password, client }: NewRegistration): Promise<void> {
    const email = canonicalEmail(given) ?? '';
    const passwordHash = await this.passwords.hash(password, {
      email,
      turn: { address: client.address },
      requestId: client.requestId,
    });
    await this.throttles.countMail(email);
    if (this.config.emailVerification === 'off' && (await this.isCreated({ email, passwordHash }, client)))
      return;
    const job: AskedRegistration = { email, passwordHash, address: client.address };
    await this.outbox.put(REGISTRATION_JOB, job);
  }

  /** False: the address has an account already. */
  private async isCreated(
    registration: { email: string; passwordHash: string },
    client: Client,
  ): Promise<boolean> {
    try {
      await this.registrations.create(registration, client);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.definition === usersErrors.email_taken) return false;
      throw error;
    }
  }
}

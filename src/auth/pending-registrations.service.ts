import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { byOwner } from '../audit/events.js';
import { MailService, mailedInstant } from '../mail/mail.service.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import { OutboxService, type Attempt } from '../platform/outbox/outbox.service.js';
import type { Client } from '../sessions/sessions.service.js';
import { UsersService } from '../users/users.service.js';

export const REGISTRATION_JOB = 'mail.registration';
/** Of every account that somebody registered: others are given, never chosen. */
export const REGISTERED_ROLE = 'client';

const PURPOSE = 'registration';
const VALID_MS = 24 * 3_600_000;

export interface AskedRegistration {
  /** Canonical. */
  email: string;
  passwordHash: string;
  /** Where the request came from. */
  address: string;
}

/**
 * Registrations that wait for their address to be confirmed. Each has a token and a password of its own, so that a confirmed
 * address gets the password of the request that its mail was about, and of no other.
 */
@Injectable()
export class PendingRegistrationsService implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly tokens: OneTimeTokensService,
    private readonly mail: MailService,
    private readonly outbox: OutboxService,
    private readonly audit: AuditService,
  ) {}

  onModuleInit(): void {
    this.outbox.register(REGISTRATION_JOB, (attempt) => this.decide(attempt));
  }

  /** Creates the account of a confirmed registration. @throws `one_time_token_rejected`, `email_taken` */
  async confirm(token: string, client: Client): Promise<void> {
    const email = await this.users.transaction(async (manager) => {
      const { subject, content } = await this.tokens.redeem(PURPOSE, token, manager);
      const { passwordHash } = content as { passwordHash: string };
      await this.create({ email: subject, passwordHash }, client, manager);
      return subject;
    });
    // After the commit: two that confirm the same address at once would wait for each other's rows.
    await this.tokens.revoke(PURPOSE, email);
  }

  /** Creates the account that somebody registered. @throws `email_taken` */
  async create(
    registration: { email: string; passwordHash: string },
    client: Client,
    manager?: EntityManager,
  ): Promise<void> {
    if (!manager) return this.users.transaction((own) => this.create(registration, client, own));
    const account = await this.users.create({ ...registration, role: REGISTERED_ROLE }, manager);
    const origin = byOwner(account, client);
    await this.audit.record('account.registered', { account, origin, details: {} }, manager);
  }

  private async decide(attempt: Attempt): Promise<void> {
    const { email, passwordHash, address } = attempt.payload as AskedRegistration;
    const isTaken = (await this.users.findByEmail(email)) !== null;
    const asked = { asked_at: mailedInstant(attempt.createdAt), asked_from: address };
    await this.users.transaction(async (manager) => {
      if (isTaken) await this.mail.send({ template: 'address-taken', to: email, variables: asked }, manager);
      else await this.invite(email, passwordHash, asked, manager);
      await attempt.complete(manager);
    });
  }

  private async invite(
    email: string,
    passwordHash: string,
    asked: Record<string, string>,
    manager: EntityManager,
  ): Promise<void> {
    const grant = { purpose: PURPOSE, subject: email, content: { passwordHash }, validMs: VALID_MS };
    const token = { ...(await this.tokens.issue(grant, manager)), action: 'verify-email' as const };
    await this.mail.send(
      { template: 'verify-email', to: email, token, variables: { ...asked, valid_for: '24 hours' } },
      manager,
    );
  }
}

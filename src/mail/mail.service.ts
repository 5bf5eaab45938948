import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { JobFailure } from '../platform/outbox/failure.js';
import { OutboxService, type Attempt } from '../platform/outbox/outbox.service.js';
import { DeliveryService } from './delivery.service.js';
import { TemplatesService, type TemplateName } from './templates.service.js';

/** Family of the outbox's jobs that are mails, or lead to one. */
export const MAIL = 'mail';
const SEND = `${MAIL}.send`;

/** A one-time token that a mail brings. */
export interface MailedToken {
  value: string;
  /** Of the page that takes it: in `MAIL_LINK_URL` the `{action}`. */
  action: 'verify-email' | 'reset-password' | 'confirm-email';
  /** Epoch milliseconds: the mail is of no use after. */
  expiresAt: number;
}

export interface Mail {
  template: TemplateName;
  /** Canonical. */
  to: string;
  token?: MailedToken;
  /** Of the template, beside `to`, `public_url`, and what a token brings. */
  variables: Readonly<Record<string, string>>;
}

/** A mail of the outbox, as its operator sees it: never its content. */
export interface ListedMail {
  id: string;
  kind: string;
  /** Gone with the payload once it is done. */
  template: string | null;
  to: string | null;
  state: 'waiting' | 'done' | 'failed';
  attempts: number;
  createdAt: number;
  nextAttemptAt: number | null;
  finishedAt: number | null;
  lastError: string | null;
}

/** Mails: put into the outbox with whatever causes them, and sent after it. */
@Injectable()
export class MailService implements OnModuleInit {
  constructor(
    private readonly outbox: OutboxService,
    private readonly templates: TemplatesService,
    private readonly delivery: DeliveryService,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.outbox.register(SEND, (attempt) => this.deliver(attempt));
  }

  /** Sends a mail once the transaction of `manager` commits. */
  async send(mail: Mail, manager: EntityManager): Promise<void> {
    await this.outbox.put(SEND, mail, manager);
  }

  /** The newest mails first, and what is to become one. */
  async list(limit: number, state?: 'failed'): Promise<ListedMail[]> {
    const jobs = await this.outbox.list(MAIL, limit, state);
    return jobs.map((job) => {
      const {
        template = null,
        to = null,
        email = null,
      } = (this.outbox.payloadOf(job) ?? {}) as {
        template?: string;
        to?: string;
        email?: string;
      };
      const { id, kind, attempts, createdAt, nextAttemptAt, finishedAt, lastError } = job;
      const times = { createdAt, nextAttemptAt, finishedAt };
      return { id, kind, template, to: to ?? email, state: job.state, attempts, ...times, lastError };
    });
  }

  /** Tries failed mails again, all or one. Returns the ids of those. */
  retry(id?: string): Promise<string[]> {
    return this.outbox.retry(MAIL, id);
  }

  private async deliver({ id, payload, signal }: Attempt): Promise<void> {
    const { template, to, token, variables } = payload as Mail;
    const now = this.clock.now();
    if (token && token.expiresAt <= now) throw new JobFailure('its token has expired', true);
    const rendered = this.templates.render(template, {
      ...variables,
      to,
      public_url: this.config.publicUrl ?? `http://127.0.0.1:${this.config.port}`,
      ...(token && { token: token.value, link: this.link(token) }),
    });
    await this.delivery.deliver({ id, to, ...rendered }, signal);
  }

  /** Empty where there is no page to link to: the mail then shows how to send the token by hand. */
  private link({ value, action }: MailedToken): string {
    return (this.config.mailLinkUrl ?? '').replaceAll('{action}', action).replaceAll('{token}', value);
  }
}

/** An instant as mails write it: UTC, to the minute. */
export const mailedInstant = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

import { createHmac } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { isError } from '../platform/errors/is-error.js';
import { JobFailure } from '../platform/outbox/failure.js';
import { OutboxService, type Attempt } from '../platform/outbox/outbox.service.js';
import type { GatehouseEvent } from './events.js';
import { WEBHOOK_JOB } from './audit.service.js';

const TIMEOUT_MS = 10_000;

/** Delivers events to `WEBHOOK_URL`, signed, out of the outbox. */
@Injectable()
export class WebhooksService implements OnModuleInit {
  constructor(
    private readonly outbox: OutboxService,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.outbox.register(WEBHOOK_JOB, (attempt) => this.deliver(attempt));
  }

  /** @throws JobFailure where the receiver did not answer 2xx: it is tried again */
  private async deliver({ payload, signal }: Attempt): Promise<void> {
    const { webhookUrl, webhookSecret } = this.config;
    if (webhookUrl === undefined || webhookSecret === undefined)
      throw new JobFailure('WEBHOOK_URL is not set any more');
    const body = JSON.stringify(payload);
    const status = await fetch(webhookUrl, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Gatehouse',
        'gatehouse-event-id': (payload as GatehouseEvent).id,
        'gatehouse-signature': this.sign(body, webhookSecret),
      },
      // A receiver that sends us elsewhere is not the one that was configured.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    }).then(statusOf, unreachable);
    if (status < 200 || status > 299) throw new JobFailure(`the receiver answered ${status}`);
  }

  /** Over the time as well: an old delivery cannot be sent again. */
  private sign(body: string, secret: string): string {
    const t = Math.floor(this.clock.now() / 1000);
    return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
  }
}

async function statusOf(response: Response): Promise<number> {
  // Whatever it says is not read.
  await response.body?.cancel();
  return response.status;
}

/** Not the URL, which may hold what is secret. */
function unreachable(error: unknown): never {
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  const name = isError(error) ? error.name : 'error';
  throw new JobFailure(`the receiver was not reached: ${typeof code === 'string' ? code : name}`);
}

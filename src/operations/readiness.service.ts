import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, ServiceUnavailableException, type OnModuleDestroy } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult, type HealthIndicatorResult } from '@nestjs/terminus';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { compareMigrations } from '../platform/database/migrate.js';
import { DatabaseProbe } from '../platform/database/probe.service.js';
import { DispatcherService } from '../platform/outbox/dispatcher.service.js';
import { RevocationsService } from '../sessions/revocations.service.js';

/** Whether this copy should be sent requests. */
@Injectable()
export class ReadinessService implements OnModuleDestroy {
  private isClosing = false;

  constructor(
    private readonly health: HealthCheckService,
    private readonly probe: DatabaseProbe,
    private readonly revocations: RevocationsService,
    private readonly dispatcher: DispatcherService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** What was asked and what came of it, in Terminus's form, within two seconds; `status` is `ok` where this copy is ready. */
  async check(): Promise<HealthCheckResult> {
    try {
      return await this.health.check([
        () => this.database(),
        // Never an old yes: without them no token can be accepted.
        () => state('revocations', this.revocations.isFresh()),
        () => state('serving', !this.isClosing),
        () => this.outbox(),
      ]);
    } catch (error) {
      if (error instanceof ServiceUnavailableException) return error.getResponse() as HealthCheckResult;
      throw error;
    }
  }

  /** The first step of an orderly end: not ready, and serving on for as long as a balancer may take to notice. */
  async onModuleDestroy(): Promise<void> {
    this.isClosing = true;
    await sleep(this.config.shutdownDelaySeconds * 1000);
  }

  /** Told, and never a reason to take a copy out: a mail server that is gone is gone for all of them. */
  private outbox(): HealthIndicatorResult {
    return { outbox: { status: 'up', overdue_seconds: Math.round(this.dispatcher.overdueSeconds) } };
  }

  /** Reachable, and with every migration of ours. More of them are no fault: a newer copy is taking over. */
  private async database(): Promise<HealthIndicatorResult> {
    const ran = await this.probe.migrations().catch(() => undefined);
    const isMigrated = ran !== undefined && compareMigrations(ran).pending.length === 0;
    return { ...state('database', ran !== undefined), ...state('migrations', isMigrated) };
  }
}

const state = (name: string, isUp: boolean): HealthIndicatorResult => ({
  [name]: { status: isUp ? 'up' : 'down' },
});

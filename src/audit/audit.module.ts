import { Inject, Module } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { SweepingService } from '../platform/database/sweeping.service.js';
import { AuditEvent } from './audit-event.entity.js';
import { AuditEventsService } from './audit-events.service.js';
import { AuditService } from './audit.service.js';
import { firstIdAt } from './event-id.js';
import { RefusalsService } from './refusals.service.js';
import { WebhooksService } from './webhooks.service.js';

const DAY_MS = 86_400_000;

@Module({
  imports: [TypeOrmModule.forFeature([AuditEvent]), EventEmitterModule.forRoot({ wildcard: true })],
  providers: [AuditService, RefusalsService, AuditEventsService, WebhooksService],
  exports: [AuditService, RefusalsService, AuditEventsService],
})
export class AuditModule {
  constructor(sweeping: SweepingService, @Inject(CONFIG) { auditRetentionDays }: Config) {
    if (auditRetentionDays === 0) return;
    const keepMs = auditRetentionDays * DAY_MS;
    sweeping.add({ table: 'audit_events', key: 'id', condition: 'id < $1', keepMs, as: firstIdAt });
  }
}

import { Module } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditEvent } from './audit-event.entity.js';
import { AuditEventsService } from './audit-events.service.js';
import { AuditService } from './audit.service.js';
import { RetentionService } from './retention.service.js';
import { RefusalsService } from './refusals.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([AuditEvent]), EventEmitterModule.forRoot({ wildcard: true })],
  providers: [AuditService, RefusalsService, AuditEventsService, RetentionService],
  exports: [AuditService, RefusalsService, AuditEventsService],
})
export class AuditModule {}

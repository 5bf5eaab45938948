import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { DatabaseProbe } from '../platform/database/probe.service.js';
import { DispatchModule } from '../platform/outbox/outbox.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { ManagementService } from './management.service.js';
import { MetricsService } from './metrics.service.js';
import { OperationsController } from './operations.controller.js';
import { ReadinessService } from './readiness.service.js';

@Module({
  // It would log each answer that says "not ready".
  imports: [TerminusModule.forRoot({ logger: false }), SessionsModule, DispatchModule],
  controllers: [OperationsController],
  providers: [DatabaseProbe, ReadinessService, MetricsService, ManagementService],
})
export class OperationsModule {}

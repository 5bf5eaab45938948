import { ApiProperty } from '@nestjs/swagger';
import type { HealthCheckResult, HealthIndicatorResult } from '@nestjs/terminus';

const details = {
  database: { status: 'up' },
  migrations: { status: 'up' },
  revocations: { status: 'up' },
  serving: { status: 'up' },
  outbox: { status: 'up', overdue_seconds: 0 },
};
const each = { type: 'object', additionalProperties: { type: 'object' } } as const;

/** Readiness in the form of Terminus. */
export class HealthBody implements HealthCheckResult {
  @ApiProperty({ enum: ['ok', 'error', 'shutting_down'] })
  status!: HealthCheckResult['status'];

  /** What is up. */
  @ApiProperty({ ...each, example: details })
  info!: HealthIndicatorResult;

  /** What is down. */
  @ApiProperty({ ...each, example: {} })
  error!: HealthIndicatorResult;

  /** Both. */
  @ApiProperty({ ...each, example: details })
  details!: HealthIndicatorResult;
}

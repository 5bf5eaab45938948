import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import type { AuditEvent } from '../audit/audit-event.entity.js';
import { explanationOf } from '../audit/reasons.js';

/** Which events, and which page of them. */
export class AuditQuery {
  @ApiPropertyOptional({
    example: 'AJ6EJQCF',
    description: 'The account that it is about, deleted ones too.',
  })
  @IsOptional()
  @Matches(/^[A-Z0-9]{8}$/, { message: 'The user field must be the id of an account.' })
  user?: string;

  @ApiPropertyOptional({ example: 'login.refused' })
  @IsOptional()
  @Matches(/^[a-z_]{1,30}\.[a-z_]{1,30}$/, { message: 'The event field must be the name of an event.' })
  event?: string;

  @ApiPropertyOptional({ example: 'wrong_password' })
  @IsOptional()
  @Matches(/^[a-z_]{1,40}$/, { message: 'The reason field must be a reason.' })
  reason?: string;

  @ApiPropertyOptional({ example: 'e942428f-2a98-47a6-be74-db072206f0a2' })
  @IsOptional()
  @Matches(/^[\w-]{1,36}$/, { message: 'The request_id field must be the id of a request.' })
  request_id?: string;

  @ApiPropertyOptional({ example: '2025-12-01T00:00:00Z', description: 'Only what happened from then on.' })
  @IsOptional()
  @Matches(/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|\+00:00))?$/, {
    message: 'The since field must be a date or a time in UTC.',
  })
  since?: string;

  @ApiPropertyOptional({ description: 'The `next` of the page before.' })
  @IsOptional()
  @Matches(/^[\w-]{1,100}$/, { message: 'The cursor field must be the next of another page.' })
  cursor?: string;

  @ApiPropertyOptional({ default: 50, minimum: 1, maximum: 100, type: 'integer' })
  @Type(() => Number)
  @IsInt({ message: 'The limit field must be an integer.' })
  @Min(1, { message: 'The limit field must be at least 1.' })
  @Max(100, { message: 'The limit field must be at most 100.' })
  limit = 50;
}

/** Something that was done, or refused. */
export class AuditEventBody {
  @ApiProperty({ example: '019ad3a1-2f4e-7000-8c3f-4a1b2c3d4e5f' })
  id!: string;

  @ApiProperty({ description: 'ISO 8601, UTC, milliseconds.', example: '2025-12-01T16:14:53.123Z' })
  at!: string;

  @ApiProperty({ example: 'login.refused' })
  event!: string;

  @ApiProperty({ type: String, nullable: true, example: 'wrong_password' })
  reason!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The reason in a sentence.' })
  why!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'e942428f-2a98-47a6-be74-db072206f0a2' })
  request_id!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The account’s id.', example: 'AJ6EJQCF' })
  user!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'An account’s id, or `command line`.' })
  actor!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7' })
  address!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { status: 401 } })
  details!: Record<string, unknown>;
}

/** A page of the audit, the newest first. */
export class AuditEventsBody {
  @ApiProperty({ type: [AuditEventBody] })
  events!: AuditEventBody[];

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'Ask `?cursor=` this for the next page; null on the last. A page may hold fewer than `limit`, even none.',
  })
  next!: string | null;
}

export const auditEventBody = (event: AuditEvent): AuditEventBody => ({
  id: event.id,
  at: new Date(event.at).toISOString(),
  event: event.event,
  reason: event.reason,
  why: explanationOf(event)?.why ?? null,
  request_id: event.requestId,
  user: event.publicId,
  actor: event.actor,
  address: event.address,
  details: JSON.parse(event.details) as Record<string, unknown>,
});

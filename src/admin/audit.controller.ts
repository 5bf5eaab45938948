import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AuditEventsService } from '../audit/audit-events.service.js';
import { Roles } from '../auth/guards/roles.decorator.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { decodeCursor, encodeCursor } from '../platform/http/cursor.js';
import { parseInstant } from '../platform/validation/instant.policy.js';
import { auditEventBody, AuditEventsBody, AuditQuery } from './audit.dto.js';

/** What was done and refused, for administrators. */
@ApiTags('admin')
@ApiBearerAuth()
@Roles('admin')
@Controller('v1/admin/audit-events')
export class AuditController {
  constructor(private readonly auditEvents: AuditEventsService) {}

  @Get()
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'listAuditEvents', summary: 'What was done and refused, the newest first' })
  @ApiOkResponse({ type: AuditEventsBody })
  async list(@Query() query: AuditQuery): Promise<AuditEventsBody> {
    const { user, event, reason, request_id, since, cursor, limit } = query;
    const { events, next } = await this.auditEvents.page({
      publicId: user,
      event,
      reason,
      requestId: request_id,
      since: since === undefined ? undefined : instantOf(since),
      before: cursor === undefined ? undefined : positionOf(cursor),
      limit,
    });
    return { events: events.map(auditEventBody), next: next === null ? null : encodeCursor(next) };
  }
}

/** A date alone is its first moment in UTC. There is no 31st of February: such a text is none. */
function instantOf(text: string): number {
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  throw invalid('since', 'The since field must be a date or a time in UTC.');
}

function positionOf(cursor: string): string {
  const position = decodeCursor(cursor, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  if (position !== undefined) return position;
  throw invalid('cursor', 'The cursor field must be the next of another page.');
}

const invalid = (field: string, message: string): AppError =>
  new AppError(httpErrors.validation_failed, { details: { [field]: [{ message }] } });

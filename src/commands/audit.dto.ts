import type { AuditEvent } from '../audit/audit-event.entity.js';
import { explanationOf, type Explanation } from '../audit/reasons.js';

/** An event as the operator sees it. Instants in ISO 8601, UTC. */
export interface AuditEventDto {
  id: string;
  at: string;
  event: string;
  reason: string | null;
  request_id: string | null;
  user: string | null;
  actor: string | null;
  address: string | null;
  details: Record<string, unknown>;
}

export const auditEventDto = (event: AuditEvent): AuditEventDto => ({
  id: event.id,
  at: new Date(event.at).toISOString(),
  event: event.event,
  reason: event.reason,
  request_id: event.requestId,
  user: event.publicId,
  actor: event.actor,
  address: event.address,
  details: JSON.parse(event.details) as Record<string, unknown>,
});

/** An event with its explanation, where it is a refusal. */
export const explainedDto = (event: AuditEvent): AuditEventDto & Partial<Explanation> => ({
  ...auditEventDto(event),
  ...explanationOf(event),
});

/** An event in a line. */
export const lineOf = ({ at, event, reason, user, actor, address, request_id }: AuditEventDto): string =>
  [
    at,
    event + (reason === null ? '' : ` (${reason})`),
    user === null ? '' : `account ${user}`,
    actor === null || actor === user ? '' : `by ${actor}`,
    address === null ? '' : `from ${address}`,
    request_id === null ? '' : `request ${request_id}`,
  ]
    .filter((part) => part !== '')
    .join('  ');

/** An event in sentences: what happened, why, and what to do. */
export function storyOf(event: AuditEvent): string {
  const dto = auditEventDto(event);
  const explanation = explanationOf(event);
  if (!explanation) return lineOf(dto);
  const { method, route, status } = dto.details;
  const whose = dto.user === null ? '' : ` for account ${dto.user}`;
  const what = `${dto.at}  ${String(method)} ${String(route)} from ${dto.address ?? 'an unknown address'}${whose} was answered ${String(status)}`;
  return `${what}, because ${explanation.why}.\n  ${explanation.remedy}`;
}

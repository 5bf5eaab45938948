import { countOutcomes, gauge } from '../metrics/registry.js';

export const outboxOverdue = gauge(
  'outbox_overdue_seconds',
  'How long the outbox’s oldest due job has waited: mails and webhooks',
);
export const outboxAttempts = countOutcomes(
  'outbox_attempts_total',
  'Attempts at jobs of the outbox, by outcome: done, postponed or given_up',
);

import { gauge } from '../platform/metrics/registry.js';

export const revocationLag = gauge(
  'revocation_lag_seconds',
  'How long ago this copy last read which sessions ended',
);
export const revocationsHeld = gauge(
  'revocations',
  'Ended sessions whose tokens are still good, held in memory',
);

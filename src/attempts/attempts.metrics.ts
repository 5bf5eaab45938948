import { gauge } from '../platform/metrics/registry.js';

export const throttleStoreFallback = gauge(
  'throttle_store_fallback',
  '1 while the Redis that copies count tries in is away, and each counts for itself',
);

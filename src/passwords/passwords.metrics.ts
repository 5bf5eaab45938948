import { distribution, gauge } from '../platform/metrics/registry.js';

export const hashingQueue = gauge(
  'hashing_queue',
  'Password hashes that are computed now, and that wait for a thread',
  'running',
  'waiting',
);
export const hashingWait = distribution(
  'hashing_wait_seconds',
  'How long hashes waited for a thread',
  [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
);

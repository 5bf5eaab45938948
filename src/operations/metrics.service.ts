import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics } from 'prom-client';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { registry } from '../platform/metrics/registry.js';

/** The metrics in Prometheus's text form, and who may read them. */
@Injectable()
export class MetricsService {
  readonly contentType = registry.contentType;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    // Once a process: the registry is the process's too. CPU, memory, descriptors, garbage collection, delay of the event loop.
    if (!registry.getSingleMetric('process_cpu_seconds_total')) collectDefaultMetrics({ register: registry });
  }

  /** Whether they are served on a port of their own, and nowhere else. */
  get isElsewhere(): boolean {
    return this.config.managementPort !== undefined;
  }

  /** Whether `token` is METRICS_TOKEN, found out in the same time whatever it is; nothing is where that is not set. */
  accepts(token: string | undefined): boolean {
    const { metricsToken } = this.config;
    if (metricsToken === undefined || token === undefined) return false;
    return timingSafeEqual(digest(token), digest(metricsToken));
  }

  read(): Promise<string> {
    return registry.metrics();
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

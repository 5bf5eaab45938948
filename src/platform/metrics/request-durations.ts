import { registry } from './registry.js';

/** Upper bounds in seconds: from a guarded request (half a millisecond) to a login that waited for its turn. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The requests of one method, route and status. */
class Series {
  /** By the first bound that is not below; the last are slower than all of them. */
  readonly counts = new Array<number>(BOUNDS.length + 1).fill(0);
  sum = 0;

  constructor(readonly labels: { method: string; route: string; status: number }) {}

  add(seconds: number): void {
    let at = 0;
    while (at < BOUNDS.length && seconds > (BOUNDS[at] ?? Infinity)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += seconds;
  }
}

interface Value {
  labels: Record<string, string | number>;
  value: number;
  metricName: string;
}

/**
 * How long requests took, as a Prometheus histogram. Counted here rather than by prom-client's own, which makes three objects and a
 * string of every observation: this is done for every request there is.
 */
class RequestDurations {
  readonly name = 'gatehouse_http_request_duration_seconds';
  readonly help = 'How long requests took, by method, route pattern and status';
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  private readonly byRoute = new Map<string, Map<string, Series>>();

  observe(method: string, route: string, status: number, seconds: number): void {
    let ofRoute = this.byRoute.get(route);
    if (!ofRoute) this.byRoute.set(route, (ofRoute = new Map<string, Series>()));
    const key = method + String(status);
    let series = ofRoute.get(key);
    if (!series) ofRoute.set(key, (series = new Series({ method, route, status })));
    series.add(seconds);
  }

  /** What prom-client's registry asks of a metric. */
  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Value[] }> {
    const values = [...this.byRoute.values()].flatMap((ofRoute) =>
      [...ofRoute.values()].flatMap((series) => this.valuesOf(series)),
    );
    return Promise.resolve({
      name: this.name,
      help: this.help,
      type: this.type,
      aggregator: this.aggregator,
      values,
    });
  }

  private valuesOf({ labels, counts, sum }: Series): Value[] {
    let total = 0;
    const buckets = counts.map((count, at) => {
      total += count;
      const le = BOUNDS[at] ?? '+Inf';
      return { labels: { le, ...labels }, value: total, metricName: `${this.name}_bucket` };
    });
    return [
      ...buckets,
      { labels, value: sum, metricName: `${this.name}_sum` },
      { labels, value: total, metricName: `${this.name}_count` },
    ];
  }
}

const durations = new RequestDurations();
// Its typings know prom-client's own classes only; what it calls is `get`.
registry.registerMetric(durations as never);

/**
 * Counts an answered request. `route`: its pattern, never its URL, or null where there is none: so there are never more series than
 * routes, methods and statuses.
 */
export function observeRequest(method: string, route: string | null, status: number, seconds: number): void {
  durations.observe(method, route ?? 'none', status, seconds);
}

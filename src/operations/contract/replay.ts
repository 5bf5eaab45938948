import { Client } from './client.js';
import { Comparison, type Difference } from './comparison.js';
import type { Exchange } from './exchange.js';

/** What became of one exchange. */
export interface Outcome {
  name: string;
  /** Why it was not sent. */
  skipped?: string;
  differences: Difference[];
}

export interface ReplayOptions {
  target: string;
  /** The system whose answers are expected, in place of those that were recorded. */
  against?: string | undefined;
  /** What `{{name}}` stands for. */
  values: Readonly<Record<string, string>>;
  ignoredHeaders: readonly string[];
}

/** Sends exchanges one after the other, and compares the answers. */
export async function* replay(
  exchanges: readonly Exchange[],
  options: ReplayOptions,
): AsyncGenerator<Outcome> {
  const target = new Client(options.target);
  const old = options.against === undefined ? undefined : new Client(options.against);
  for (const exchange of exchanges) {
    const name = exchange.name ?? `${exchange.request.method} ${exchange.request.path}`;
    const { filled, missing } = fill(exchange, options.values);
    if (missing !== undefined)
      yield { name, skipped: `there is no value for {{${missing}}}`, differences: [] };
    else yield { name, ...(await compare(filled, { target, old }, options.ignoredHeaders)) };
  }
}

async function compare(
  { request, response: recorded }: Exchange,
  { target, old }: { target: Client; old: Client | undefined },
  ignoredHeaders: readonly string[],
): Promise<Omit<Outcome, 'name'>> {
  if (!old && !recorded)
    return { skipped: 'it has no answer to compare with (--against names a system)', differences: [] };
  const [actual, before] = await Promise.all([target.send(request), old?.send(request)]);
  if (recorded) {
    target.learn(new Comparison(recorded, actual).counterparts);
    if (before) old?.learn(new Comparison(recorded, before).counterparts);
  }
  const expected = before ?? recorded;
  return { differences: expected ? new Comparison(expected, actual, ignoredHeaders).differences : [] };
}

/** The exchange with every `{{name}}` replaced; `missing`: one that has no value. */
function fill(
  exchange: Exchange,
  values: Readonly<Record<string, string>>,
): { filled: Exchange; missing: string | undefined } {
  let missing: string | undefined;
  const text = JSON.stringify(exchange).replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    missing ??= value === undefined ? name : undefined;
    return JSON.stringify(value ?? '').slice(1, -1);
  });
  return { filled: JSON.parse(text) as Exchange, missing };
}

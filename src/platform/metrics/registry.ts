import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Every metric of this process: each is declared in its owner's `*.metrics.ts`, at load. */
export const registry = new Registry();

const PREFIX = 'gatehouse_';

/** A count that only grows, by `outcome`: one of few words of ours, never what a client sent. */
export function countOutcomes(name: string, help: string): Counter<'outcome'> {
  return new Counter({ name: `${PREFIX}${name}`, help, labelNames: ['outcome'], registers: [registry] });
}

/** A distribution of seconds; `buckets` are upper bounds. */
export function distribution(name: string, help: string, buckets: number[]): Histogram {
  return new Histogram({ name: `${PREFIX}${name}`, help, buckets, registers: [registry] });
}

/** A value that is read when somebody asks. */
export interface ReadGauge<Label extends string> {
  /** From now on reads it by `read`: of a gauge without label its value, else the value of every label. */
  readFrom(read: () => Readings<Label>): void;
}

export type Readings<Label extends string> = Record<[Label] extends [never] ? 'value' : Label, number>;

/** A gauge by `state`, one of `states`; without any, of one value. */
export function gauge<Label extends string = never>(
  name: string,
  help: string,
  ...states: Label[]
): ReadGauge<Label> {
  let read: (() => Record<string, number>) | undefined;
  new Gauge({
    name: `${PREFIX}${name}`,
    help,
    labelNames: states.length > 0 ? ['state'] : [],
    registers: [registry],
    collect() {
      if (!read) return;
      const readings = read();
      if (states.length === 0) this.set(readings['value'] ?? NaN);
      for (const state of states) this.set({ state }, readings[state] ?? NaN);
    },
  });
  return { readFrom: (reader) => (read = reader) };
}

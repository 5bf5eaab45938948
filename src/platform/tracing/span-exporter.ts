import { Logger } from '@nestjs/common';
import { version } from '../package.js';

/** A finished span. Instants in epoch milliseconds. */
export interface Span {
  /** 16 and 8 random bytes in hex. */
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: 'server' | 'internal';
  startedAt: number;
  endedAt: number;
  /** Words and numbers of ours: never what a client sent. */
  attributes: Record<string, string | number>;
  isError: boolean;
}

const INTERVAL_MS = 2_000;
/** What is more between two sendings is dropped: a collector that is away must not fill the memory. */
const MAX_HELD = 4_096;
const PATIENCE_MS = 5_000;

/**
 * Sends spans to an OpenTelemetry collector, as OTLP/HTTP in JSON (OpenTelemetry Protocol 1.x, §OTLP/HTTP: `POST /v1/traces`). By
 * hand: the SDK and its exporter are fifteen packages of 34 MB for this one request.
 */
export class SpanExporter {
  private readonly logger = new Logger(SpanExporter.name);
  private readonly url: string;
  private held: Span[] = [];
  private dropped = 0;
  private isDown = false;
  private readonly timer: NodeJS.Timeout;

  constructor(endpoint: string) {
    this.url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
    this.timer = setInterval(() => void this.flush(), INTERVAL_MS).unref();
  }

  add(span: Span): void {
    if (this.held.length < MAX_HELD) this.held.push(span);
    else this.dropped += 1;
  }

  /** Sends what is left. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** Says once that the collector is away, and once that it is back. */
  private async flush(): Promise<void> {
    const spans = this.held.splice(0);
    if (spans.length === 0) return;
    try {
      const answer = await fetch(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(requestOf(spans)),
        redirect: 'error',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      if (this.isDown) this.logger.log({ msg: 'traces are taken again', dropped: this.dropped });
      [this.isDown, this.dropped] = [false, 0];
    } catch (error) {
      this.dropped += spans.length;
      if (!this.isDown) this.logger.warn(`traces are not taken: ${(error as Error).name}`);
      this.isDown = true;
    }
  }
}

const requestOf = (spans: Span[]): object => ({
  resourceSpans: [
    {
      resource: { attributes: attributesOf({ 'service.name': 'gatehouse', 'service.version': version }) },
      scopeSpans: [{ scope: { name: 'gatehouse', version }, spans: spans.map(encoded) }],
    },
  ],
});

const encoded = ({ startedAt, endedAt, kind, attributes, isError, ...span }: Span): object => ({
  ...span,
  kind: kind === 'server' ? 2 : 1,
  startTimeUnixNano: nanoseconds(startedAt),
  endTimeUnixNano: nanoseconds(endedAt),
  attributes: attributesOf(attributes),
  status: { code: isError ? 2 : 0 },
});

/** More digits than a number has. */
const nanoseconds = (milliseconds: number): string =>
  String(BigInt(Math.round(milliseconds * 1_000)) * 1_000n);

const attributesOf = (attributes: Record<string, string | number>): object[] =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));

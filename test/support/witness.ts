import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { createDataSource, dataSourceOptions } from '../../src/platform/database/data-source.js';
import { createDatabase, type TestDatabase } from './database.js';
import { metricsOf, METRICS_TOKEN } from './metrics.js';
import { startProcess, type ServerProcess } from './process.js';

/** Where something secret could be found, by name. */
export type Places = Record<string, string>;

/** A server that writes all it can, and everything that it writes: its log, tables, files, metrics, traces, webhooks and mails. */
export class Witness {
  private outside = '';

  private constructor(
    readonly server: ServerProcess,
    readonly dataSource: DataSource,
    private readonly database: TestDatabase,
    private readonly receiver: ReturnType<typeof createServer>,
  ) {}

  static async start(env: Record<string, string | undefined> = {}): Promise<Witness> {
    const database = await createDatabase();
    const receiver = createServer().listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    const server = await startProcess(database, {
      LOG_LEVEL: 'trace',
      METRICS_TOKEN,
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      WEBHOOK_URL: url,
      WEBHOOK_SECRET: 'wh-8fK2mQ7xVt4ZrB9nLc3Yp6Ds1Jg5Ha0E',
      ...env,
    });
    const dataSource = await createDataSource(dataSourceOptions(database));
    await dataSource.initialize();
    const witness = new Witness(server, dataSource, database, receiver);
    receiver.on('request', (request, response) => {
      void text(request).then((body) => {
        witness.outside += `${JSON.stringify(request.headers)} ${body}\n`;
        response.end('{}');
      });
    });
    return witness;
  }

  /** What was sent to others so far: traces and webhooks. */
  sent(): string {
    return this.outside;
  }

  /** Our side fails with whatever `work` sends in its hands. */
  async without(table: string, work: () => Promise<void>): Promise<void> {
    await this.dataSource.query(`ALTER TABLE ${table} RENAME TO ${table}_elsewhere`);
    try {
      await work();
    } finally {
      await this.dataSource.query(`ALTER TABLE ${table}_elsewhere RENAME TO ${table}`);
    }
  }

  /** The files of mails, the oldest first. */
  mails(): string[] {
    const folder = join(this.database.dataDir, 'outbox');
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.eml')) : [];
    return names.sort().map((name) => readFileSync(join(folder, name), 'utf8'));
  }

  /** Ends the server; everything it wrote, of SQLite every page, written ahead or free. */
  async places(): Promise<Places> {
    // What is written beside the requests, and sent after them.
    await sleep(500);
    const metrics = await metricsOf(this.server.url);
    const tables = await this.tables();
    await this.server.end();
    const ofDatabase = readdirSync(this.database.dataDir).filter((name) => name.includes('sqlite'));
    const files = ofDatabase
      .map((name) => readFileSync(join(this.database.dataDir, name), 'latin1'))
      .join('\n');
    return { logs: this.server.output(), metrics, tables, files, sent: this.outside };
  }

  async remove(): Promise<void> {
    await this.server.end();
    this.receiver.closeAllConnections();
    this.receiver.close();
    await this.dataSource.destroy();
    await this.database.drop();
  }

  private async tables(): Promise<string> {
    const named =
      this.database.kind === 'postgres'
        ? "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        : "SELECT name FROM sqlite_master WHERE type = 'table'";
    let tables = '';
    for (const { name } of await this.dataSource.query<{ name: string }[]>(named))
      tables += `${name} ${JSON.stringify(await this.dataSource.query(`SELECT * FROM "${name}"`))}\n`;
    return tables;
  }
}

/** Six digits are found in every number: only as a word of their own they are a code. */
const has = (place: string, form: string): boolean =>
  /^\d+$/.test(form) ? new RegExp(`(?<![\\w.])${form}(?![\\w.])`).test(place) : place.includes(form);

/** Asserts that none of `forms` is in any of `places`. */
export function expectNoneOf(forms: readonly string[], places: Places): void {
  const found = Object.entries(places).flatMap(([name, place]) =>
    forms.filter((form) => has(place, form)).map((form) => `${form} in ${name}`),
  );
  expect(found).toEqual([]);
}

/** The forms in which a string may be written down. */
export const formsOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString('latin1'),
  Buffer.from(secret).toString('hex'),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('base64url'),
];

import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type Database from 'better-sqlite3';
import type { Client } from 'pg';
import { DataSource } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { CONFIG, type Config } from '../config/config.schema.js';
import { destroy } from './pulse.js';

/** Each of connecting and asking: together under the two seconds in which a balancer wants its answer. */
const PATIENCE_MS = 800;

const MIGRATIONS = 'SELECT name FROM migrations';

/** Asks the database whether it is there, beside the pool: who is asked often must not take a turn from a login, nor wait for one. */
@Injectable()
export class DatabaseProbe implements OnApplicationShutdown {
  private client: Client | undefined;
  private asking: Promise<string[]> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The names of the migrations that the database has. Rejects within two seconds; however many ask, one question is under way. */
  migrations(): Promise<string[]> {
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.asking?.catch(() => undefined);
    await this.client?.end().catch(() => undefined);
  }

  private async ask(): Promise<string[]> {
    if (this.config.databaseUrl === undefined) {
      const driver = this.dataSource.driver as BetterSqlite3Driver;
      return namesOf((driver.databaseConnection as Database.Database).prepare(MIGRATIONS).all());
    }
    const client = this.client ?? (await this.connect(this.config.databaseUrl));
    try {
      const { rows } = await client.query<{ name: string }>(MIGRATIONS);
      return namesOf(rows);
    } catch (error) {
      this.drop(client);
      throw error;
    }
  }

  private async connect(connectionString: string): Promise<Client> {
    const { default: pg } = await import('pg');
    const client = new pg.Client({
      connectionString,
      application_name: 'gatehouse readiness',
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      keepAlive: true,
    });
    // An idle connection that breaks: the next question makes another.
    client.on('error', () => this.drop(client));
    try {
      await client.connect();
    } catch (error) {
      this.drop(client);
      throw error;
    }
    return (this.client = client);
  }

  private drop(client: Client): void {
    if (this.client === client) this.client = undefined;
    destroy(client);
  }
}

const namesOf = (rows: unknown[]): string[] => rows.map((row) => (row as { name: string }).name);

import { setImmediate } from 'node:timers/promises';
import type { Client } from 'pg';
import { isSaidByServer } from './database.errors.js';

/** How long nothing is suspected of a statement without an answer. */
const SUSPICION_MS = 500;
/** For a connection and an answer on it. With the suspicion under the two seconds in which a request is to be answered. */
const ANSWER_MS = 800;
/** Longer than the server's own `statement_timeout`: of a server that lives, only a connection it has lost is given up so late. */
const PATIENCE_MS = 5_000;

/**
 * Tells a PostgreSQL that is slow from one that is silent: a network that drops packets reports no error, and TCP goes on trying
 * for a quarter of an hour. The server is asked on a connection made for the question, beside the pool.
 */
export class Pulse {
  private asking: Promise<boolean> | undefined;

  constructor(private readonly connectionString: string) {}

  /** Calls `giveUp` once the statement that begins now has waited in vain; returns what says that it has its answer. */
  watch(giveUp: () => void): () => void {
    const startedAt = performance.now();
    let isAnswered = false;
    const look = async () => {
      const isHeard = performance.now() - startedAt < PATIENCE_MS && (await this.isFelt());
      if (isAnswered) return;
      if (isHeard) timer = setTimeout(() => void look(), SUSPICION_MS);
      else giveUp();
    };
    let timer = setTimeout(() => void look(), SUSPICION_MS);
    return () => {
      isAnswered = true;
      clearTimeout(timer);
    };
  }

  /** However many statements wait, one question is under way. */
  private isFelt(): Promise<boolean> {
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async ask(): Promise<boolean> {
    const { default: pg } = await import('pg');
    const client = new pg.Client({
      connectionString: this.connectionString,
      application_name: 'gatehouse pulse',
    });
    client.on('error', () => undefined);
    const timer = setTimeout(() => destroy(client), ANSWER_MS);
    try {
      await client.connect();
      await client.query('SELECT 1');
      return true;
    } catch (error) {
      // What has arrived while this process itself was busy is read first.
      await setImmediate();
      // An error with a code of SQL's, as of too many connections, is an answer.
      return isSaidByServer(error);
    } finally {
      clearTimeout(timer);
      destroy(client);
    }
  }
}

/** Ends a connection at once: `end` would wait for a server that says nothing. */
export function destroy(client: Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Like, Not, Repository, type EntityManager } from 'typeorm';
import { Clock } from '../clock/clock.service.js';
import { EncryptionService } from '../crypto/encryption.service.js';
import { randomString } from '../crypto/random.js';
import { statement } from '../database/statement.js';
import { Job } from './job.entity.js';

/** An id is typed on command lines, too: none begins with a dash. 113 random bits in 22 characters. */
const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A job in the hands of its handler. */
export interface Attempt {
  /** Of the job, the same at every attempt: for whoever receives it to know a repetition by. */
  readonly id: string;
  /** As it was put: JSON. */
  readonly payload: unknown;
  /** When it was put, in epoch milliseconds. */
  readonly createdAt: number;
  /** From 1. */
  readonly number: number;
  /** Aborts when the attempt takes too long, or the process ends. */
  readonly signal: AbortSignal;
  /**
   * Marks the job done in the transaction of `manager`: then what the handler changes there happens once, not at least once.
   * @throws where the lease was lost, which rolls the transaction back
   */
  complete(manager: EntityManager): Promise<void>;
}

/** Does the jobs of a kind; throws to be tried again. May run more than once for one job, see `Attempt.complete`. */
export type JobHandler = (attempt: Attempt) => Promise<void>;

/** Kept with a query runner until its transaction commits. */
export interface PendingJobs {
  hasJobs?: boolean;
}

/** The table of what is to be done after a commit. `DispatcherService` does it. */
@Injectable()
export class OutboxService {
  private readonly handlers = new Map<string, JobHandler>();

  constructor(
    @InjectRepository(Job) private readonly jobs: Repository<Job>,
    private readonly encryption: EncryptionService,
    private readonly clock: Clock,
  ) {}

  /** At start: `handler` does every job of `kind`. An instance leaves kinds alone that it has no handler for. */
  register(kind: string, handler: JobHandler): void {
    if (this.handlers.has(kind)) throw new Error(`the outbox has a handler for ${kind}`);
    this.handlers.set(kind, handler);
  }

  handlerOf(kind: string): JobHandler | undefined {
    return this.handlers.get(kind);
  }

  /** Those of a family, or all. */
  kindsOf(family?: string): string[] {
    const kinds = [...this.handlers.keys()];
    return family === undefined ? kinds : kinds.filter((kind) => familyOf(kind) === family);
  }

  get families(): Set<string> {
    return new Set(this.kindsOf().map(familyOf));
  }

  /**
   * Puts a job; it exists once the transaction of `manager` commits, or at once where there is none. `kind`: its family, a dot, a
   * name. `payload`: what JSON can hold. Returns its id.
   */
  async put(kind: string, payload: object, manager?: EntityManager): Promise<string> {
    if (!manager) return this.jobs.manager.transaction((own) => this.put(kind, payload, own));
    const id = randomString(ID_ALPHABET, 22);
    const now = this.clock.now();
    await statement(
      manager,
      `INSERT INTO outbox (id, kind, state, payload, attempts, created_at, next_attempt_at)
       VALUES ($1, $2, 'waiting', $3, 0, $4, $4) RETURNING id`,
      [id, kind, this.seal(id, Buffer.from(JSON.stringify(payload))), now],
    );
    if (manager.queryRunner) (manager.queryRunner.data as PendingJobs).hasJobs = true;
    return id;
  }

  /** What was put, or undefined where it is gone or cannot be read with the keys there are. */
  payloadOf({ id, payload }: Pick<Job, 'id' | 'payload'>): unknown {
    const plaintext = payload === null ? undefined : this.encryption.decrypt(payload, context(id));
    return plaintext && (JSON.parse(plaintext.toString()) as unknown);
  }

  /** The newest jobs of a family first, at most `limit`. */
  list(family: string, limit: number, state?: Job['state']): Promise<Job[]> {
    return this.jobs.find({
      where: { kind: Like(`${family}.%`), ...(state && { state }) },
      order: { createdAt: 'DESC', id: 'ASC' },
      take: limit,
    });
  }

  /**
   * Lets failed jobs of a family be tried at once, and as often as new ones: all, or the one of `id`, which may also wait for its
   * next attempt. Returns the ids of those.
   */
  async retry(family: string, id?: string): Promise<string[]> {
    const which = id === undefined ? "state = 'failed'" : "state <> 'done' AND id = $3";
    const rows = await statement<{ id: string }>(
      this.jobs.manager,
      `UPDATE outbox SET state = 'waiting', attempts = 0, next_attempt_at = $1, finished_at = NULL
       WHERE kind LIKE $2 AND ${which} RETURNING id`,
      [this.clock.now(), `${family}.%`, ...(id === undefined ? [] : [id])],
    );
    return rows.map((row) => row.id);
  }

  /** Encrypts anew under the current key every payload that is not. Returns how many, and how many cannot be read. */
  async reencryptAll(): Promise<{ reencrypted: number; unreadable: number }> {
    const result = { reencrypted: 0, unreadable: 0 };
    for (const { id, payload } of await this.jobs.findBy({ payload: Not(IsNull()) })) {
      if (payload === null || this.encryption.isCurrent(payload)) continue;
      const plaintext = this.encryption.decrypt(payload, context(id));
      if (plaintext) await this.jobs.update({ id, payload }, { payload: this.seal(id, plaintext) });
      result[plaintext ? 'reencrypted' : 'unreadable'] += 1;
    }
    return result;
  }

  private seal(id: string, plaintext: Buffer): string {
    return this.encryption.encrypt(plaintext, context(id));
  }
}

const familyOf = (kind: string): string => kind.split('.', 1)[0] ?? '';

const context = (id: string): string => `outbox job ${id}`;

import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Piscina } from 'piscina';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { traced } from '../platform/tracing/request-traces.js';
import { BreachedPasswordsService } from './breached-passwords.service.js';
import { HashingQueue, type Turn } from './hashing.queue.js';
import type { HashTask } from './hash.worker.cjs';
import { hashingQueue } from './passwords.metrics.js';
import { PASSWORD_MAX_BYTES, passwordBytes, passwordFaults } from './password.policy.js';

/** `$2a$` and `$2b$` of a cost that a login can wait for; whatever else is stored is no hash of ours. */
const readableHash = /^\$2[ab]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/;

const THREADS = availableParallelism();

export interface Verification {
  matches: boolean;
  /** The hash was made at another cost than the configured one: make it anew while the password is at hand. */
  needsRehash: boolean;
}

/**
 * Hashes and verifies passwords with bcrypt in threads of low priority, so that a flood of logins takes the idle cores
 * and nothing else: never libuv's pool, which the whole process shares, nor the event loop.
 */
@Injectable()
export class PasswordsService implements OnApplicationShutdown {
  private started: Piscina<HashTask, string | boolean> | undefined;
  private readonly queue: HashingQueue;
  private readonly decoys = new Map<number, Promise<string>>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly breachedPasswords: BreachedPasswordsService,
  ) {
    this.queue = new HashingQueue(THREADS, config.loginQueueMaxWaitMs);
    hashingQueue.readFrom(() => this.queue.readings());
  }

  /**
   * A hash, at the configured cost, of a password for the account of that canonical e-mail. `turn` says whose place in the queue
   * it takes; an operator's needs none.
   * @throws `validation_failed` with a fault for each rule of the policy that it breaks
   * @throws `service_unavailable` where it would wait for too long, and what `turn.admit` throws
   */
  async hash(password: string, { email, turn }: { email: string; turn?: Turn }): Promise<string> {
    const minCharacters = this.config.passwordMinCharacters;
    const faults = await passwordFaults(password, { minCharacters, email });
    if (faults.length === 0 && (await this.breachedPasswords.has(password)))
      faults.push('The password field must not be a password from a known data breach.');
    if (faults.length > 0) {
      const details = { password: faults.map((message) => ({ message })) };
      throw new AppError(httpErrors.validation_failed, { details });
    }
    return turn ? this.queue.run(turn, () => this.compute(password)) : this.compute(password);
  }

  /** A hash of a password that was right just now, and so has passed the policy of its day. */
  rehash(password: string): Promise<string> {
    return this.compute(password);
  }

  /**
   * Whether `password` is the one behind `hash`. What does not match has cost one whole computation: for no hash at all
   * (nobody of that name), an unreadable one, or a password too long to have been set, against a decoy of the current cost C. A
   * cheaper hash of cost c is topped up with decoys of c, c + 1, … C − 1: 2^c + 2^c + … + 2^(C − 1) = 2^C.
   * `turn` says whose place in the queue it takes.
   * @throws `service_unavailable` where it would wait for too long, and what `turn.admit` throws
   */
  async verify(password: string, hash: string | null, turn: Turn): Promise<Verification> {
    const isComparable =
      hash !== null && readableHash.test(hash) && passwordBytes(password) <= PASSWORD_MAX_BYTES;
    const { bcryptCost } = this.config;
    const cost = isComparable ? costOf(hash) : bcryptCost;
    const topUp = Array.from({ length: Math.max(bcryptCost - cost, 0) }, (_, i) => this.decoy(cost + i));
    const comparison = {
      hash: isComparable ? hash : await this.decoy(bcryptCost),
      otherwise: await Promise.all(topUp),
    };
    const equal = await traced('verify password', () =>
      this.queue.run(turn, () => this.pool.run({ kind: 'compare', password, ...comparison })),
    );
    return { matches: isComparable && equal === true, needsRehash: cost !== bcryptCost };
  }

  /** After a limit was reached: refuses at once whoever waits for a thread and would be refused then. */
  reconsider(): void {
    this.queue.reconsider();
  }

  /** Starts the threads and makes the decoy, so that the first login need not wait for either. */
  warmUp(): void {
    // One that fails is made anew by the login that needs it.
    this.decoy(this.config.bcryptCost).catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.started?.destroy();
  }

  /** A hash of `cost` whose password nobody knows. */
  private decoy(cost: number): Promise<string> {
    const made = this.decoys.get(cost) ?? this.compute(randomBytes(32).toString('base64url'), cost);
    this.decoys.set(cost, made);
    made.catch(() => this.decoys.delete(cost));
    return made;
  }

  /** Started by the first who needs it: most of the operator's commands do without. */
  private get pool(): Piscina<HashTask, string | boolean> {
    return (this.started ??= new Piscina({
      // A thread runs what is built, from wherever this file is run.
      filename: createRequire(import.meta.url).resolve('#hash-worker'),
      minThreads: THREADS,
      maxThreads: THREADS,
      niceIncrement: 19,
    }));
  }

  private async compute(password: string, cost = this.config.bcryptCost): Promise<string> {
    return (await this.pool.run({ kind: 'hash', password, cost })) as string;
  }
}

const costOf = (hash: string): number => Number(hash.slice(4, 6));

import { once } from 'node:events';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Piscina } from 'piscina';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { addressKey } from '../platform/http/address.js';
import { traced } from '../platform/tracing/request-traces.js';
import { BreachedPasswordsService } from './breached-passwords.service.js';
import { HashingQueue, type Turn } from './hashing.queue.js';
import type { HashTask } from './hash.worker.cjs';
import { schemeOf, type OwnHash } from './own-hash.cjs';
import { hashingQueue } from './passwords.metrics.js';
import { PASSWORD_MAX_BYTES, passwordBytes, passwordFaults } from './password.policy.js';

const THREADS = availableParallelism();
const TURNS_OF_A_THREAD = 2;
/** How long the end waits for threads to have begun: many times what it takes. */
const PATIENCE_MS = 5_000;

/** A turn in the queue, where those of one IPv4 address, or one /64 of IPv6, wait for each other. */
export type Caller = Omit<Turn, 'key'> & { address: string };

const turnOf = ({ address, ...turn }: Caller): Turn => ({ ...turn, key: addressKey(address) });

export interface HashOptions {
  email: string;
  turn?: Caller;
  requestId?: string;
}

export interface Verification {
  matches: boolean;
  /** The hash is not as ours are made: make it anew while the password is at hand. */
  needsRehash: boolean;
}

/**
 * Hashes and verifies passwords in threads of low priority, so that a flood of logins takes the idle cores
 * and nothing else: never libuv's pool, which the whole process shares, nor the event loop.
 */
@Injectable()
export class PasswordsService implements OnApplicationShutdown {
  private started: Piscina<HashTask, string | boolean> | undefined;
  /** Resolves when every thread has loaded what it runs. */
  private loaded: Promise<unknown> | undefined;
  private readonly queue: HashingQueue;
  private readonly own: OwnHash;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly breachedPasswords: BreachedPasswordsService,
  ) {
    const { passwordHash, bcryptCost } = config;
    this.own = { passwordHash, bcryptCost };
    this.queue = new HashingQueue(THREADS, config.loginQueueMaxWaitMs, TURNS_OF_A_THREAD);
    hashingQueue.readFrom(() => this.queue.readings());
  }

  /**
   * A hash, as the settings have it, of a password for the account of that canonical e-mail. `turn` says whose place in the queue
   * it takes, and `requestId` which request it is for; an operator's needs neither.
   * @throws `validation_failed` with a fault for each rule of the policy that it breaks
   * @throws `service_unavailable` where it would wait for too long, and what `turn.admit` throws
   */
  async hash(password: string, { email, turn, requestId }: HashOptions): Promise<string> {
    const minCharacters = this.config.passwordMinCharacters;
    const faults = await passwordFaults(password, { minCharacters, email });
    if (faults.length === 0 && (await this.breachedPasswords.has(password, requestId)))
      faults.push('The password field must not be a password from a known data breach.');
    if (faults.length > 0) {
      const details = { password: faults.map((message) => ({ message })) };
      throw new AppError(httpErrors.validation_failed, { details });
    }
    return turn ? this.queue.run(turnOf(turn), () => this.compute(password)) : this.compute(password);
  }

  /** A hash of a password that was right just now, and so has passed the policy of its day. */
  rehash(password: string): Promise<string> {
    return this.compute(password);
  }

  /** Whether a stored hash has a form that hashes made here have: ours, at any cost, or `wrap`'s. */
  isOurs(hash: string): boolean {
    return /^\$(2b|wrapped|argon2id\$v=19\$m=19456,t=2,p=1)\$/.test(hash);
  }

  /**
   * bcrypt over a fast hash (`isWrappable`) that came from elsewhere, so that it need not be stored. For the operator's commands.
   * @throws RangeError where it is no fast hash
   */
  async wrap(hash: string): Promise<string> {
    return (await this.pool.run({ kind: 'wrap', hash, own: this.own })) as string;
  }

  /**
   * Whether `password` is the one behind `hash`, ours or of any form in docs/password-hashes.md. What does not match has cost one
   * whole computation of our own: for no hash at all (nobody of that name), an unreadable one, or a password too long to have been
   * set, one to no end; a cheaper hash is topped up to it. `turn` says whose place in the queue it takes.
   * @throws `service_unavailable` where it would wait for too long, and what `turn.admit` throws
   */
  async verify(password: string, hash: string | null, turn: Caller): Promise<Verification> {
    const task = { kind: 'verify', password, hash, own: this.own } as const;
    const matches = await traced('verify password', () =>
      this.queue.run(turnOf(turn), () => this.pool.run(task)),
    );
    return {
      matches: matches === true,
      // A longer one was right by the rule of another system: our own hash of it would not let in again.
      needsRehash:
        hash !== null && !schemeOf(this.own).isCurrent(hash) && passwordBytes(password) <= PASSWORD_MAX_BYTES,
    };
  }

  /** After a limit was reached: refuses at once whoever waits for a thread and would be refused then. */
  reconsider(): void {
    this.queue.reconsider();
  }

  /** Starts the threads, so that the first login need not wait for one. */
  warmUp(): void {
    this.pool.run({ kind: 'verify', password: '', hash: null, own: this.own }).catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    // A thread that is ended while it loads bcrypt takes the whole process with it (SIGABRT).
    await Promise.race([this.loaded, sleep(PATIENCE_MS, undefined, { ref: false })]);
    await this.started?.destroy();
  }

  /** Started by the first who needs it: most of the operator's commands do without. */
  private get pool(): Piscina<HashTask, string | boolean> {
    return (this.started ??= this.start());
  }

  private start(): Piscina<HashTask, string | boolean> {
    const pool = new Piscina<HashTask, string | boolean>({
      // A thread runs what is built, from wherever this file is run.
      filename: createRequire(import.meta.url).resolve('#hash-worker'),
      minThreads: THREADS,
      maxThreads: THREADS,
      concurrentTasksPerWorker: TURNS_OF_A_THREAD,
      niceIncrement: 19,
    });
    // The first message of each says that it has.
    this.loaded = Promise.allSettled(pool.threads.map((thread) => once(thread, 'message')));
    return pool;
  }

  private async compute(password: string): Promise<string> {
    return (await this.pool.run({ kind: 'hash', password, own: this.own })) as string;
  }
}

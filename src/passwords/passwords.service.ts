import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Piscina } from 'piscina';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import type { HashTask } from './hash.worker.js';
import { PASSWORD_MAX_BYTES, passwordBytes, passwordFault } from './password.policy.js';

/** `$2a$` and `$2b$` of a cost that a login can wait for; whatever else is stored is no hash of ours. */
const readableHash = /^\$2[ab]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/;

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
  private readonly pool = new Piscina<HashTask, string | boolean>({
    // A thread runs what is built, from wherever this file is run.
    filename: createRequire(import.meta.url).resolve('#hash-worker'),
    minThreads: availableParallelism(),
    maxThreads: availableParallelism(),
    niceIncrement: 19,
  });
  private decoy: Promise<string> | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** A hash of `password` at the configured cost. @throws `validation_failed` where the policy refuses it */
  async hash(password: string): Promise<string> {
    const fault = passwordFault(password);
    if (fault) throw new AppError(httpErrors.validation_failed, { details: { password: [{ message: fault }] } });
    return this.compute(password);
  }

  /** A hash of a password that was right just now, and so has passed the policy of its day. */
  rehash(password: string): Promise<string> {
    return this.compute(password);
  }

  /**
   * Whether `password` is the one behind `hash`. What does not match has cost one whole computation at least: for no hash
   * at all (nobody of that name), an unreadable or a cheaper one, or a password too long to have been set, against a decoy
   * of the current cost.
   */
  async verify(password: string, hash: string | null): Promise<Verification> {
    const isComparable = hash !== null && readableHash.test(hash) && passwordBytes(password) <= PASSWORD_MAX_BYTES;
    const matches = isComparable && (await this.compare(password, hash));
    const needsRehash = isComparable && costOf(hash) !== this.config.bcryptCost;
    const isCheap = !isComparable || costOf(hash) < this.config.bcryptCost;
    if (!matches && isCheap) await this.compare(password, await this.decoyHash());
    return { matches, needsRehash };
  }

  /** Starts the threads and makes the decoy, so that the first login need not wait for either. */
  warmUp(): void {
    // One that fails is made anew by the login that needs it.
    this.decoyHash().catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.destroy();
  }

  /** A hash of the current cost whose password nobody knows. */
  private decoyHash(): Promise<string> {
    return (this.decoy ??= this.compute(randomBytes(32).toString('base64url')).catch((error: unknown) => {
      this.decoy = undefined;
      throw error;
    }));
  }

  private async compare(password: string, hash: string): Promise<boolean> {
    return (await this.pool.run({ kind: 'compare', password, hash })) === true;
  }

  private async compute(password: string): Promise<string> {
    return (await this.pool.run({ kind: 'hash', password, cost: this.config.bcryptCost })) as string;
  }
}

const costOf = (hash: string): number => Number(hash.slice(4, 6));

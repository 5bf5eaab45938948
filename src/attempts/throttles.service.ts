import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { RateLimiterRedis, type RateLimiterAbstract, type RateLimiterRes } from 'rate-limiter-flexible';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { REDIS, type Redis } from '../platform/redis/redis.module.js';
import { addressKey } from '../platform/http/address.js';
import { mailboxOf } from '../platform/validation/email.policy.js';
import type { AccountFailures } from './account-failures.entity.js';
import { AccountFailuresService } from './account-failures.service.js';
import { throttleStoreFallback } from './attempts.metrics.js';
import { BoundedCounts, BoundedMemoryLimiter } from './bounded-memory.limiter.js';
import { consume, isReached, refuseFrom, tooMany } from './limits.js';
import { accountKey, hashOf, type LoginAttempt } from './login-attempt.js';
import { UnderWay } from './under-way.js';

/** NIST SP 800-63B-4 §3.2.2 lets a service slow down: one second more after each five failures in a row, at most ten. */
const FAILURES_PER_DELAY = 5;
const MAX_DELAY_SECONDS = 10;
const DAY_SECONDS = 86_400;
/** Of what may fail from an address, this much may be tried at once: with the default of 20, all of 25 right logins. */
const AT_ONCE = 1.25;

/** Counts tries, in the Redis that several copies share or in this process, and says when it is too many. 0 turns a limit off. */
@Injectable()
export class ThrottlesService implements OnModuleInit {
  private readonly counts: BoundedCounts;
  private readonly loginsOfAddress: RateLimiterAbstract;
  private readonly failuresOfAddress: RateLimiterAbstract;
  private readonly failuresOfAccount: RateLimiterAbstract;
  private readonly delayOfAccount: RateLimiterAbstract;
  private readonly refreshesOfSession: RateLimiterAbstract;
  private readonly requestsOfAddress: RateLimiterAbstract;
  private readonly mails: RateLimiterAbstract;
  /** Passwords that are being compared for who has not signed in from there before, by address. */
  private readonly underWay = new UnderWay();
  /** Failures of an address and what is under way from it, together; 0 is no limit. */
  private readonly mostOfAddress: number;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly clock: Clock,
    private readonly accountFailures: AccountFailuresService,
  ) {
    throttleStoreFallback.readFrom(() => ({ value: Number(redis !== null && !redis.isReady) }));
    this.counts = new BoundedCounts(clock);
    this.loginsOfAddress = this.limiter('logins', config.loginsPerMinutePerAddress, 60);
    this.failuresOfAddress = this.limiter('address-failures', config.loginFailuresPerMinutePerAddress, 60);
    this.mostOfAddress = Math.ceil(AT_ONCE * config.loginFailuresPerMinutePerAddress);
    this.failuresOfAccount = this.limiter(
      'account-failures',
      config.loginFailuresPerDayPerAccount,
      DAY_SECONDS,
    );
    this.delayOfAccount = this.limiter('account-delay', 0, MAX_DELAY_SECONDS);
    this.refreshesOfSession = this.limiter('refreshes', config.refreshesPer5MinutesPerSession, 300);
    this.requestsOfAddress = this.limiter('requests', config.accountRequestsPerMinutePerAddress, 60);
    this.mails = this.limiter('mails', config.mailsPerHourPerEmail, 3_600);
  }

  /** Goes on with what accounts had counted when the process ended, however it did. */
  async onModuleInit(): Promise<void> {
    if (!this.isDurable) return;
    const now = this.clock.now();
    // By a clock that has been put back since, they would last for longer than they ever do.
    const secondsTo = (end: number, most: number) => Math.min((end - now) / 1000, most);
    for (const { account, failures, endsAt, delayedUntil } of await this.accountFailures.read()) {
      await this.failuresOfAccount.set(account, failures, secondsTo(endsAt, DAY_SECONDS));
      if (delayedUntil > now)
        await this.delayOfAccount.block(account, secondsTo(delayedUntil, MAX_DELAY_SECONDS));
    }
  }

  /** Counts a login that begins, whatever comes of it. @throws `too_many_attempts` */
  async countLogin(address: string): Promise<void> {
    await consume(this.loginsOfAddress, addressKey(address), 'too_many_logins_of_address');
  }

  /** Counts a refresh. @throws `too_many_attempts` */
  async countRefresh(sessionId: string): Promise<void> {
    await consume(this.refreshesOfSession, sessionId, 'too_many_refreshes');
  }

  /** Counts what anybody may ask for without an account: registering, a new password, a token. @throws `too_many_attempts` */
  async countRequest(address: string): Promise<void> {
    await consume(this.requestsOfAddress, addressKey(address), 'too_many_requests_of_address');
  }

  /** Counts a mail to a canonical e-mail that may be anybody's, and to its mailbox, whether it will be sent or not: none is flooded. @throws `too_many_attempts` */
  async countMail(email: string): Promise<void> {
    await consume(this.mails, `mailbox-${hashOf(mailboxOf(email))}`, 'too_many_mails');
    await this.countReset(email);
  }

  /**
   * Counts a mail that lets the owner of an e-mail in again. To that e-mail alone: what the mailbox's other addresses ask for, which
   * have no account and are sent nothing, keeps nobody out.
   * @throws `too_many_attempts`
   */
  async countReset(email: string): Promise<void> {
    await consume(this.mails, hashOf(email), 'too_many_mails');
  }

  /** Counts a change of an account that its owner gets a mail about. @throws `too_many_attempts` */
  async countChange(publicId: string): Promise<void> {
    await consume(this.mails, `change-${publicId}`, 'too_many_changes');
  }

  /**
   * Lets a login go on to compare its password, or not. Failures count; of who has not signed in from there before, also what is under
   * way, where both are a quarter more than may fail: whoever is refused for an address is so on arrival. `compare` asks again (`admit`)
   * when it gets a hashing thread, so that of many at once for one account no more are tried than of as many in a row, plus those
   * that threads have.
   * @throws `too_many_attempts`
   */
  async whileAdmitted<T>(
    attempt: LoginAttempt,
    compare: (admit: () => Promise<unknown>) => Promise<T>,
  ): Promise<T> {
    const address = addressKey(attempt.address);
    const failures = await this.admit(attempt, this.failuresOfAddress.points);
    if (attempt.isKnownAddress) return compare(() => this.admit(attempt, 0));
    if (this.mostOfAddress > 0 && failures + this.underWay.of(address) >= this.mostOfAddress)
      throw tooMany({ msBeforeNext: 1000 }, 'too_many_at_once_of_address');
    return this.underWay.during(address, () => compare(() => this.admit(attempt, this.mostOfAddress)));
  }

  /** Counts a wrong password. True: somebody who was admitted may be so no more. */
  async recordFailure(attempt: LoginAttempt): Promise<boolean> {
    const account = accountKey(attempt);
    const [ofAccount, ofAddress] = await Promise.all([
      this.failuresOfAccount.penalty(account),
      this.failuresOfAddress.penalty(addressKey(attempt.address)),
    ]);
    const delay = Math.min(Math.floor(ofAccount.consumedPoints / FAILURES_PER_DELAY), MAX_DELAY_SECONDS);
    const isDelayed = delay > 0 && this.failuresOfAccount.points > 0;
    if (isDelayed) await this.delayOfAccount.block(account, delay);
    if (this.isDurable) await this.accountFailures.write(this.rowOf(account, ofAccount, delay));
    return isDelayed || isReached(this.mostOfAddress, ofAddress);
  }

  /** A whole login clears the account's count, not the address's. */
  async recordSuccess(attempt: LoginAttempt): Promise<void> {
    const account = accountKey(attempt);
    const [isCounted] = await Promise.all([
      this.failuresOfAccount.delete(account),
      this.delayOfAccount.delete(account),
    ]);
    if (isCounted && this.isDurable) await this.accountFailures.clear(account);
  }

  /** How many have failed from its address; 0 in `mostOfAddress` is no limit. @throws `too_many_attempts` */
  private async admit(attempt: LoginAttempt, mostOfAddress: number): Promise<number> {
    const account = accountKey(attempt);
    const [delay, ofAddress, ofAccount] = await Promise.all([
      this.delayOfAccount.get(account),
      this.failuresOfAddress.get(addressKey(attempt.address)),
      attempt.isKnownAddress ? null : this.failuresOfAccount.get(account),
    ]);
    refuseFrom(1, delay, 'account_delayed');
    refuseFrom(mostOfAddress, ofAddress, 'too_many_failures_of_address');
    refuseFrom(this.failuresOfAccount.points, ofAccount, 'too_many_failures_of_account');
    return ofAddress?.consumedPoints ?? 0;
  }

  /** Redis outlives this process. */
  private get isDurable(): boolean {
    return !this.redis && this.failuresOfAccount.points > 0;
  }

  private rowOf(account: string, count: RateLimiterRes, delaySeconds: number): AccountFailures {
    const now = this.clock.now();
    const endsAt = now + Math.min(count.msBeforeNext, DAY_SECONDS * 1000);
    return { account, failures: count.consumedPoints, endsAt, delayedUntil: now + delaySeconds * 1000 };
  }

  private limiter(name: string, points: number, duration: number): RateLimiterAbstract {
    const options = { keyPrefix: `gatehouse:${name}`, points, duration };
    const local = new BoundedMemoryLimiter(options, this.counts, this.clock);
    if (!this.redis) return local;
    return new RateLimiterRedis({
      ...options,
      storeClient: this.redis,
      useRedisPackage: true,
      rejectIfRedisNotReady: true,
      // While Redis is away each copy counts for itself: never unlimited.
      insuranceLimiter: local,
    });
  }
}

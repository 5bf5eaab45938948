import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { eventually } from './keys.js';
import { bearer, login, post, send, type Answer } from './http.js';
import { guarded, refresh, refreshed } from './tokens.js';

/** An e-mail address and a password. */
export interface Account {
  email: string;
  password: string;
}

/** Clients that ask without pause while something breaks, and what each of them was promised, written down when the answer arrived. */
export class Ledger {
  private isOver = false;
  private readonly chains: string[] = [];
  private readonly loggedIn: string[] = [];
  private readonly loggedOut: string[] = [];
  private readonly seen = new Map<number, number>();
  private retries = 0;
  private refreshes = 0;
  private passwords = 0;
  /** In seconds: how long a token was let in anywhere after its sign-out was answered. */
  slowestSignOut = 0;

  /**
   * `everybody`: may log in as often as they like. `changers`: each account has a client that does nothing but change its password.
   * `copies`: where each sign-out is to be seen, beside `url`.
   */
  constructor(
    private readonly url: () => string,
    private readonly everybody: Account,
    private readonly changers: Account[],
    private readonly copies: () => readonly string[] = () => [],
  ) {}

  /** Four chains of refreshes, two visitors who come and go, the changers; resolves when `disaster` is over and all have their answers. */
  async keepDuring(disaster: () => Promise<void>): Promise<void> {
    for (let i = 0; i < 4; i += 1) this.chains.push(await this.signIn());
    const load = [
      ...this.chains.map((_, chain) => this.follow(chain)),
      this.visit(),
      this.visit(),
      ...this.changers.map((changer) => this.change(changer)),
    ];
    const over = disaster().finally(() => (this.isOver = true));
    await Promise.all([over, ...load]);
  }

  /** Each promise holds at each of `urls`, and nobody was told anything but success, 401 and what says "try again". */
  async expectKept(urls: readonly string[]): Promise<void> {
    const unexpected = [...this.seen.keys()].filter((status) => ![200, 204, 401, 502, 503].includes(status));
    expect(unexpected).toEqual([]);
    const [first = ''] = urls;
    for (const token of [...this.chains, ...this.loggedIn]) await refreshed(first, token);
    for (const { email, password } of this.changers) await login(first, email, password);
    for (const url of urls) {
      // The newest of them is known everywhere with the next poll.
      for (const token of this.loggedOut)
        await eventually(async () => (await guarded(url, token)) === 401, 2);
    }
  }

  /** What was promised and kept, in a line. */
  summary(): string {
    const answers = [...this.seen].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
    return (
      `${answers.join(', ')}, ${this.retries} of them "try again"; kept: ${this.loggedIn.length + this.chains.length} logins, ` +
      `${this.refreshes} refreshes, ${this.loggedOut.length} sign-outs, ${this.passwords} changes of password`
    );
  }

  private async follow(chain: number): Promise<void> {
    while (!this.isOver) this.chains[chain] = await this.next(this.chains[chain] ?? '');
  }

  private async visit(): Promise<void> {
    while (!this.isOver) {
      this.loggedIn.push(await this.signIn());
      const leaving = await this.next(await this.signIn());
      const { status } = await this.answered(() =>
        post(`${this.url()}/v1/logout`, undefined, bearer(leaving)),
      );
      // 401: it was done, by somebody who died before they could say so.
      expect([204, 401]).toContain(status);
      this.loggedOut.push(leaving);
      const since = performance.now();
      for (const url of this.copies())
        // One that is just gone lets nobody in.
        while ((await guarded(url, leaving).catch(() => 401)) !== 401) await sleep(20);
      this.slowestSignOut = Math.max(this.slowestSignOut, (performance.now() - since) / 1000);
    }
  }

  private async change(changer: Account): Promise<void> {
    const token = await this.signIn(changer);
    for (let i = 0; !this.isOver; i += 1) {
      const before = changer.password;
      const password = `another Secur€Password ${i}`;
      const { status } = await this.answered(() =>
        send(`${this.url()}/v1/password`, {
          method: 'PUT',
          headers: { 'content-type': 'application/json', ...bearer(token) },
          body: JSON.stringify({ current_password: before, password }),
        }),
      );
      // 401: an attempt before it did it, and could not say so.
      expect([204, 401]).toContain(status);
      changer.password = password;
      await this.signIn(changer);
      const old = await this.answered(() => this.tryLogin({ ...changer, password: before }));
      expect(old.status).toBe(401);
      this.passwords += 1;
    }
  }

  private async next(token: string): Promise<string> {
    const { status, text, body } = await this.answered(async () => {
      const answer = await refresh(this.url(), token);
      // What its contract publishes for a database that fails.
      return answer.status === 500 ? { ...answer, status: 503 } : answer;
    });
    expect([status, text]).toEqual([200, text]);
    this.refreshes += 1;
    return (body as { access_token: string }).access_token;
  }

  private async signIn(account = this.everybody): Promise<string> {
    const { status, text, headers } = await this.answered(() => this.tryLogin(account));
    expect([status, text]).toEqual([200, text]);
    return headers.get('access_token') ?? '';
  }

  private tryLogin({ email, password }: Account): Promise<Answer> {
    return post(`${this.url()}/v1/login`, { email, password });
  }

  /** Asks until the answer is none of those that say "try again". */
  private async answered(ask: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      const answer = await ask();
      this.seen.set(answer.status, (this.seen.get(answer.status) ?? 0) + 1);
      if (answer.status < 500) return answer;
      this.retries += 1;
      await sleep(50);
    }
  }
}

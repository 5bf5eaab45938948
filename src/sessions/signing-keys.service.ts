import type { JsonWebKey, KeyObject } from 'node:crypto';
import { statSync } from 'node:fs';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { loadKeys, prepareKeys, signingKey, type RingKey } from './key-ring.js';
import type { SigningKey } from './signing-key.js';

/** How often the data directory is looked at for keys that `gatehouse keys rotate` added. */
const WATCH_INTERVAL_MS = 2_000;

/** The keys that sign and verify access tokens. */
@Injectable()
export class SigningKeysService implements OnApplicationShutdown {
  private readonly logger = new Logger(SigningKeysService.name);
  private keys: readonly RingKey[];
  private byHeader: ReadonlyMap<string, RingKey>;
  private readonly watch: NodeJS.Timeout | undefined;
  private seen: string | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
  ) {
    const { signingKeysFile: file } = config;
    if (file) {
      prepareKeys(file, config, clock.now());
      this.seen = versionOf(file);
    }
    this.load();
    if (file) this.watch = setInterval(() => this.reload(file), WATCH_INTERVAL_MS).unref();
  }

  /** The key that signs what is issued at `instant` (epoch milliseconds). */
  signingAt(instant: number): SigningKey & { signWith: KeyObject } {
    const key = signingKey(this.keys, instant);
    if (!key) throw new Error('there is no key to sign access tokens with');
    return key;
  }

  /**
   * The key of a token that carries this very header segment, unless it retired. Compared as text, nothing in it is parsed:
   * there is no `alg`, `kid`, `crit`, `jku` or `jwk` of a stranger's to be confused by (RFC 8725 §3.1, §3.10).
   */
  ofHeader(segment: string): SigningKey | undefined {
    const key = this.byHeader.get(segment);
    return key && key.retiresAt > this.clock.now() ? key : undefined;
  }

  /** What others verify tokens with (RFC 7517 §5); none under HS256. */
  publicKeys(): JsonWebKey[] {
    const now = this.clock.now();
    return this.keys.flatMap(({ jwk, retiresAt }) => (jwk && retiresAt > now ? [jwk] : []));
  }

  onApplicationShutdown(): void {
    clearInterval(this.watch);
  }

  private load(): void {
    this.keys = loadKeys(this.config);
    this.byHeader = new Map(this.keys.map((key) => [key.header, key]));
  }

  private reload(file: string): void {
    try {
      const version = versionOf(file);
      if (version === this.seen) return;
      // Before it is read: what is wrong is said once.
      this.seen = version;
      // Without the file, the keys of before any rotation would be back.
      if (version === undefined) throw new Error(`the file ${file} is gone`);
      this.load();
      this.logger.log({ msg: 'signing keys read', kids: this.keys.map(({ kid }) => kid) });
    } catch (error) {
      this.logger.error(`signing keys not read, those in memory stay: ${(error as Error).message}`);
    }
  }
}

/** What differs after each change of the file; undefined where there is none. Not only its time: two changes may share one. */
function versionOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && `${found.ino} ${found.ctimeMs} ${found.size}`;
}

import type { JsonWebKey, KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { environmentKeys, storedKeys, type RingKey } from './key-ring.js';
import type { SigningKey } from './signing-key.js';

/** How often the data directory is looked at for keys that `gatehouse keys rotate` added. */
const WATCH_INTERVAL_MS = 2_000;

/** The keys that sign and verify access tokens. */
@Injectable()
export class SigningKeysService implements OnApplicationShutdown {
  private readonly logger = new Logger(SigningKeysService.name);
  private keys: readonly RingKey[] = [];
  private byHeader: ReadonlyMap<string, RingKey> = new Map();
  private readonly watch: NodeJS.Timeout | undefined;
  private readAt = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
  ) {
    this.load();
    if (config.signingKeysFile) this.watch = setInterval(() => void this.reload(), WATCH_INTERVAL_MS).unref();
  }

  /** The key that signs now. */
  current(): SigningKey & { signWith: KeyObject } {
    const now = this.clock.now();
    const key = this.keys.findLast(
      (each): each is RingKey & { signWith: KeyObject } =>
        each.signWith !== undefined && each.algorithm === this.config.jwtAlgorithm && each.signsFrom <= now,
    );
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
    const { signingKeysFile } = this.config;
    this.keys = signingKeysFile ? storedKeys(signingKeysFile, this.config, this.clock.now()) : environmentKeys(this.config);
    this.byHeader = new Map(this.keys.map((key) => [key.header, key]));
  }

  private async reload(): Promise<void> {
    if (!this.config.signingKeysFile) return;
    try {
      const { mtimeMs } = await stat(this.config.signingKeysFile);
      if (mtimeMs === this.readAt) return;
      this.load();
      this.readAt = mtimeMs;
    } catch (error) {
      // No file: nothing was rotated yet. A file that cannot be read: the keys in memory stay good.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.logger.error(`signing keys not reloaded: ${String(error)}`);
    }
  }
}

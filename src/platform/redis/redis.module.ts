import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { createClient, type RedisClientType } from 'redis';
import { CONFIG, type Config } from '../config/config.schema.js';

/** Injects the client of the Redis (or Valkey) that several copies share, or null where there is none. */
export const REDIS = Symbol('REDIS');
export type Redis = RedisClientType | null;

/** Long enough for any healthy server, short enough to fall back without anybody noticing. */
const TIMEOUT_MS = 500;

function connect({ redisUrl }: Config): Redis {
  if (!redisUrl) return null;
  const logger = new Logger('Redis');
  const client: RedisClientType = createClient({
    url: redisUrl,
    // A command fails at once while there is no connection: whoever sent it has a fallback.
    disableOfflineQueue: true,
    commandOptions: { timeout: TIMEOUT_MS },
    socket: { connectTimeout: TIMEOUT_MS, reconnectStrategy: (tries) => Math.min(tries * 100, 2_000) },
  });
  let isDown = false;
  client.on('error', (error: Error & { code?: string }) => {
    if (!isDown)
      logger.warn({
        msg: 'Redis is away: counting in this process until it is back',
        error_code: error.code ?? error.name,
      });
    isDown = true;
  });
  client.on('ready', () => {
    if (isDown) logger.log('Redis is back');
    isDown = false;
  });
  // Not awaited: a start does not depend on it, and it goes on trying.
  client.connect().catch(() => undefined);
  return client;
}

@Global()
@Module({ providers: [{ provide: REDIS, inject: [CONFIG], useFactory: connect }], exports: [REDIS] })
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  onApplicationShutdown(): void {
    this.redis?.destroy();
  }
}

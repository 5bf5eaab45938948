import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { RedisClientType } from 'redis';
import { CONFIG, type Config } from '../config/config.schema.js';

/** Injects the client of the Redis (or Valkey) that several copies share, or null where there is none. */
export const REDIS = Symbol('REDIS');
export type Redis = RedisClientType | null;

/** Long enough for any healthy server, short enough to fall back without anybody noticing. */
const TIMEOUT_MS = 500;

async function connect({ redisUrl }: Config): Promise<Redis> {
  if (!redisUrl) return null;
  // Loading it is a twentieth of a start, and most do without.
  const { createClient } = await import('redis');
  const client: RedisClientType = createClient({
    url: redisUrl,
    // A command fails at once while there is no connection: whoever sent it has a fallback.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: TIMEOUT_MS,
      // Ends a greeting that is not answered; what is asked every `TIMEOUT_MS` keeps the connection from it.
      socketTimeout: 4 * TIMEOUT_MS,
      reconnectStrategy: (tries) => Math.min(tries * 100, 2_000),
    },
  });
  reportOutages(client);
  // Not awaited: a start does not depend on it, and it goes on trying.
  client.connect().catch(() => undefined);
  return client;
}

/**
 * Calls `onSilence` when a connected server does not answer. The client's own timeouts do not see it: a command's ends when it is
 * sent, and the socket's begins anew with each that is.
 */
function watch(client: RedisClientType, onSilence: () => void): void {
  const ask = async () => {
    if (!client.isReady) return;
    let isAnswered = false;
    // After what has arrived was read: a busy process is not a silent server.
    const timer = setTimeout(() => setImmediate(() => isAnswered || onSilence()), TIMEOUT_MS);
    await client.ping().catch(() => undefined);
    isAnswered = true;
    clearTimeout(timer);
  };
  let interval: NodeJS.Timeout | undefined;
  client.on('ready', () => {
    clearInterval(interval);
    interval = setInterval(() => void ask(), TIMEOUT_MS);
  });
  client.on('end', () => clearInterval(interval));
}

/** Says once that Redis went away, and once that it is back. */
function reportOutages(client: RedisClientType): void {
  const logger = new Logger('Redis');
  let isDown = false;
  const noteAway = (code: string) => {
    if (!isDown)
      logger.warn({ msg: 'Redis is away: counting in this process until it is back', error_code: code });
    isDown = true;
  };
  client.on('error', (error: Error & { code?: string }) => noteAway(error.code ?? error.name));
  client.on('ready', () => {
    if (isDown) logger.log('Redis is back');
    isDown = false;
  });
  watch(client, () => {
    noteAway('ETIMEDOUT');
    // Whatever waits for an answer fails, and goes to its fallback.
    client.destroy();
    client.connect().catch(() => undefined);
  });
}

@Global()
@Module({ providers: [{ provide: REDIS, inject: [CONFIG], useFactory: connect }], exports: [REDIS] })
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  onApplicationShutdown(): void {
    this.redis?.destroy();
  }
}

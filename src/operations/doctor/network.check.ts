import { createClient } from 'redis';
import type { ParsedConfig } from '../../platform/config/config.schema.js';
import { findingsOf, type Finding } from './finding.js';

const redis = findingsOf('Redis');

const TIMEOUT_MS = 2_000;

/** The servers beside the database. */
export async function checkNetwork(config: ParsedConfig): Promise<Finding[]> {
  return [await checkRedis(config)];
}

async function checkRedis({ redisUrl, databaseUrl }: ParsedConfig): Promise<Finding> {
  if (redisUrl === undefined) {
    return databaseUrl === undefined
      ? redis.ok('none: this one process counts for itself')
      : redis.warn('none', 'with several copies set REDIS_URL, or each counts tries for itself');
  }
  const client = createClient({
    url: redisUrl,
    socket: { connectTimeout: TIMEOUT_MS, reconnectStrategy: false },
  });
  client.on('error', () => undefined);
  const startedAt = performance.now();
  const late = setTimeout(() => client.destroy(), TIMEOUT_MS);
  try {
    await client.connect();
    await client.ping();
    return redis.ok(`answers in ${(performance.now() - startedAt).toFixed(0)} ms, connecting included`);
  } catch (error) {
    const { code = 'no answer' } = error as NodeJS.ErrnoException;
    return redis.fail(
      `cannot be asked (${code})`,
      'check REDIS_URL; until then each copy counts tries for itself',
    );
  } finally {
    clearTimeout(late);
    if (client.isOpen) client.destroy();
  }
}

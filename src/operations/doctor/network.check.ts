import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { smtpTransport } from '../../mail/smtp.js';
import type { ParsedConfig } from '../../platform/config/config.schema.js';
import { findingsOf, type Finding } from './finding.js';

const redis = findingsOf('Redis');
const mail = findingsOf('mail');

const TIMEOUT_MS = 2_000;
const SMTP_TIMEOUT_MS = 5_000;

/** The servers beside the database. */
export async function checkNetwork(config: ParsedConfig): Promise<Finding[]> {
  return Promise.all([checkRedis(config), checkSmtp(config)]);
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

/** Connects, and logs in where `SMTP_URL` has credentials; sends nothing. */
async function checkSmtp({ smtpUrl, nodeEnv, dataDir }: ParsedConfig): Promise<Finding> {
  if (smtpUrl === undefined) {
    const found = `no SMTP_URL: mails are written to ${join(dataDir, 'outbox')}`;
    return nodeEnv === 'production'
      ? mail.warn(found, 'set SMTP_URL, so that they reach anybody')
      : mail.ok(found);
  }
  const transport = await smtpTransport(smtpUrl);
  try {
    await Promise.race([transport.verify(), sleep(SMTP_TIMEOUT_MS, undefined, { ref: false }).then(timeOut)]);
    return mail.ok('the SMTP server takes what we have to say');
  } catch (error) {
    const { code = 'no answer' } = error as NodeJS.ErrnoException;
    return mail.fail(
      `the SMTP server cannot be used (${code})`,
      'check SMTP_URL; mails wait in the outbox until then',
    );
  } finally {
    transport.close();
  }
}

function timeOut(): never {
  throw Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
}
